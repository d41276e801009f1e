.DEFAULT_GOAL := help
LOCK := /tmp/uvenv/bin/uv
