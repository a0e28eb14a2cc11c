"""The table of observations, in monthly partitions by `at`; the partitions themselves are made by records.partitions."""

from django.db import migrations

SQL = """
CREATE TABLE records_observation (
    patient_id  uuid             NOT NULL,
    seq         bigint           NOT NULL,
    at          timestamptz      NOT NULL,
    received_at timestamptz      NOT NULL,
    value       double precision NOT NULL,
    value2      double precision,
    source_id   bigint           NOT NULL,
    seconds     integer,
    utc_offset  smallint         NOT NULL,
    kind        smallint         NOT NULL,
    method      smallint         NOT NULL,
    flags       smallint         NOT NULL,
    state       smallint         NOT NULL DEFAULT 0,
    key         varchar(64)      NOT NULL DEFAULT '',
    context     jsonb,
    PRIMARY KEY (patient_id, seq, at)
) PARTITION BY RANGE (at);

-- One current reading per source, kind, moment and key; also the index by which histories are read.
CREATE UNIQUE INDEX observation_current ON records_observation (patient_id, kind, at, source_id, key) WHERE state = 0;
"""


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [migrations.RunSQL(SQL, "DROP TABLE records_observation")]
