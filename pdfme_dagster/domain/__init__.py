"""Frozen values and pure rules: money, statement, upload, job. No services, no clock, no environment."""
