"""The role `metrics`: what Prometheus scrapes and KEDA asks (docs/metrics.md).

Reads Redis and Postgres and writes to neither: with this process gone nothing else notices.
"""
