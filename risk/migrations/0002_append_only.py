"""What a model said, and what people thought of it, stays as it was written."""

from django.db import migrations

TABLES = ("risk_assessment", "risk_opinion")
SQL = "".join(
    f"CREATE TRIGGER {table}_no_change BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change();" for table in TABLES
)
REVERSE = "".join(f"DROP TRIGGER {table}_no_change ON {table};" for table in TABLES)


class Migration(migrations.Migration):
    dependencies = [("risk", "0001_initial"), ("audit", "0002_append_only")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
