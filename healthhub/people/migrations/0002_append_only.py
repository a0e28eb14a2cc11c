"""The consent ledger is written once: the database refuses update, delete and truncate."""

from django.db import migrations

SQL = """
CREATE TRIGGER consent_no_change BEFORE UPDATE OR DELETE ON people_consententry FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER consent_no_truncate BEFORE TRUNCATE ON people_consententry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

REVERSE = """
DROP TRIGGER consent_no_truncate ON people_consententry;
DROP TRIGGER consent_no_change ON people_consententry;
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("audit", "0002_append_only")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
