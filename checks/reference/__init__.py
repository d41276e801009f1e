"""The reference environment that `signoff run --reference` builds, starts and stops."""
