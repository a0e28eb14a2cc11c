"""The database itself refuses to change the log: an unsealed row may be sealed once, and nothing else may ever happen."""

from django.db import migrations

SQL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION audit_seal_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.hash IS NULL AND NEW.hash IS NOT NULL
       AND (OLD.id, OLD.patient_id, OLD.at, OLD.actor_kind, OLD.actor_id, OLD.did, OLD.about, OLD.detail)
           IS NOT DISTINCT FROM (NEW.id, NEW.patient_id, NEW.at, NEW.actor_kind, NEW.actor_id, NEW.did, NEW.about, NEW.detail)
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'audit_entry is append-only: UPDATE refused' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER audit_seal_only BEFORE UPDATE ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_seal_only();
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit_entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

REVERSE = """
DROP TRIGGER audit_no_truncate ON audit_entry;
DROP TRIGGER audit_no_delete ON audit_entry;
DROP TRIGGER audit_seal_only ON audit_entry;
DROP FUNCTION audit_seal_only();
DROP FUNCTION refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
