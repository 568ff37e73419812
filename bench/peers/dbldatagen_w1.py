"""W1 with dbldatagen on a local Spark, ids as whole numbers (its way to foreign keys): FORMAT FOLDER CUSTOMERS."""

from __future__ import annotations

import os
import sys

import dbldatagen as dg
from pyspark.sql import SparkSession


def customers(spark: SparkSession, count: int, partitions: int) -> dg.DataGenerator:
    return (
        dg.DataGenerator(spark, name="customers", rows=count, partitions=partitions)
        .withColumn("customer_id", "long", minValue=1, uniqueValues=count)
        .withColumn("full_name", "string", template=r"\w \w")
        .withColumn(
            "email", "string", expr="concat('customer.', customer_id, '@example.com')", baseColumn="customer_id"
        )
        .withColumn("city", "string", values=["Lisbon", "Oslo", "Austin", "Lyon", "Osaka", "Accra"], random=True)
        .withColumn(
            "created_at",
            "timestamp",
            begin="2020-01-01 00:00:00",
            end="2024-12-31 00:00:00",
            interval="1 second",
            random=True,
        )
    )


def orders(spark: SparkSession, count: int, customers: int, partitions: int) -> dg.DataGenerator:
    return (
        dg.DataGenerator(spark, name="orders", rows=count, partitions=partitions)
        .withColumn("order_id", "long", minValue=1, uniqueValues=count)
        .withColumn("customer_id", "long", minValue=1, maxValue=customers, random=True)
        .withColumn("order_date", "date", begin="2020-01-01", end="2024-12-31", interval="1 day", random=True)
        .withColumn("total_amount", "decimal(10,2)", minValue=5, maxValue=500, random=True)
        .withColumn("status", "string", values=["paid", "sent", "lost", "open"], weights=[80, 10, 5, 5], random=True)
    )


def main(form: str, folder: str, count: str) -> None:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # for its workers
    cores, number = os.cpu_count() or 1, max(int(count), 1)
    spark = SparkSession.builder.master(f"local[{cores}]").config("spark.ui.enabled", "false").getOrCreate()
    specs = {"customers": customers(spark, number, cores), "orders": orders(spark, 5 * number, number, cores)}
    for name, spec in specs.items():
        spec.build().write.format(form).option("header", "true").save(f"{folder}/{name}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
