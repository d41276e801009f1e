"""The same window table by Spark, on this machine or on a cluster (docs/spark.md)."""
