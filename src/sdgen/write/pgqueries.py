"""What PostgreSQL is asked about the tables that are there."""

from __future__ import annotations

COLUMNS = """
    SELECT attname,
           CASE typtype WHEN 'e' THEN 'text' WHEN 'd' THEN format_type(typbasetype, typtypmod)
                        ELSE format_type(atttypid, atttypmod) END,
           NOT (attnotnull OR typnotnull), atthasdef OR attidentity <> ''
    FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"""
# Parts of a table, partitions and inheritors, are emptied with it.
REFERRERS = """
    SELECT DISTINCT CASE WHEN to_regclass(quote_ident(relname)) = c.oid THEN relname
                         ELSE nspname || '.' || relname END
    FROM pg_constraint LEFT JOIN pg_inherits ON inhrelid = conrelid
    JOIN pg_class c ON c.oid = coalesce(pg_partition_root(conrelid), inhparent, conrelid)
    JOIN pg_namespace n ON n.oid = relnamespace
    WHERE contype = 'f' AND confrelid = to_regclass(%s) AND conrelid <> confrelid"""

# The sequences that columns of a table take their values from.
SEQUENCES = """
    SELECT attname, pg_get_serial_sequence(attrelid::regclass::text, attname) FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attname = ANY(%s)
    AND pg_get_serial_sequence(attrelid::regclass::text, attname) IS NOT NULL"""

# Foreign keys of a table to some others; those of partitions come and go with their parent's. Deferrable ones wait for
# the end of a transaction by themselves, which is enough where there is one alone.
FORWARD = """SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'f' AND (%s OR NOT condeferrable) AND conparentid = 0
    AND conrelid = to_regclass(%s) AND confrelid = ANY(%s::regclass[])"""
