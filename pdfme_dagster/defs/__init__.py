"""Dagster's side: partitions, the asset and its ops, the sensor, resources. Thin; the work is elsewhere."""
