"""What happened to an alert stays as it was written."""

from django.db import migrations

SQL = """
CREATE TRIGGER step_no_change BEFORE UPDATE OR DELETE ON monitoring_step FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER step_no_truncate BEFORE TRUNCATE ON monitoring_step FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

REVERSE = """
DROP TRIGGER step_no_truncate ON monitoring_step;
DROP TRIGGER step_no_change ON monitoring_step;
"""


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0001_initial"), ("audit", "0002_append_only")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
