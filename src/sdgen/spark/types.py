"""sdgen's types in Spark."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sdgen.scenario.types import Type

if TYPE_CHECKING:
    from pyspark.sql.types import DataType, StructType

    from sdgen.entity_rows import EntityRows

# Spark has no uuids and no unsigned numbers, and times of day only from 4.1 on. json stays text.
SUBSTITUTES: Mapping[str, Type] = {
    "uuid": Type("string"),
    "time": Type("string"),
    "utinyint": Type("smallint"),
    "usmallint": Type("int"),
    "uint": Type("bigint"),
    "ubigint": Type("decimal", precision=20),
}
_CLASSES: Mapping[str, str] = {
    "bool": "BooleanType",
    "tinyint": "ByteType",
    "smallint": "ShortType",
    "int": "IntegerType",
    "bigint": "LongType",
    "float": "FloatType",
    "double": "DoubleType",
    "string": "StringType",
    "text": "StringType",
    "enum": "StringType",
    "json": "StringType",
    "binary": "BinaryType",
    "date": "DateType",
    "timestamp": "TimestampNTZType",
    "timestamptz": "TimestampType",
}


def spark_schema(rows: EntityRows) -> StructType:
    """The schema of an entity's DataFrame."""
    from pyspark.sql.types import StructField, StructType

    pairs = zip(rows.schema, rows.types, strict=True)
    return StructType([StructField(field.name, spark_type(type), field.nullable) for field, type in pairs])


def spark_type(type: Type) -> DataType:
    """The Spark type that holds the values of a type, or of its substitute."""
    from pyspark.sql import types

    type = SUBSTITUTES.get(type.kind, type)
    match type.kind:
        case "decimal":
            return types.DecimalType(type.precision, type.scale)
        case "array":
            return types.ArrayType(spark_type(type.items[0]))
        case "map":
            return types.MapType(spark_type(type.items[0]), spark_type(type.items[1]))
        case "struct":
            pairs = zip(type.fields, type.items, strict=True)
            return types.StructType([types.StructField(name, spark_type(item)) for name, item in pairs])
    made: DataType = getattr(types, _CLASSES[type.kind])()
    return made
