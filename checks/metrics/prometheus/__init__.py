"""A Prometheus as a source: its counters become the same window table as a log's requests.

`reading.read_prometheus` is the door; `image-proxy.yaml` says, as data, which metrics mean what.
"""
