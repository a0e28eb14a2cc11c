"""What was written down of a contact stays as it was written."""

from django.db import migrations

SQL = """
CREATE TRIGGER contact_no_change BEFORE UPDATE OR DELETE ON care_contact FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER contact_no_truncate BEFORE TRUNCATE ON care_contact FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

REVERSE = """
DROP TRIGGER contact_no_truncate ON care_contact;
DROP TRIGGER contact_no_change ON care_contact;
"""


class Migration(migrations.Migration):
    dependencies = [("care", "0001_initial"), ("audit", "0002_append_only")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
