"""The criteria for other programs: Prometheus' alerting rules, and an Argo AnalysisTemplate that asks them."""
