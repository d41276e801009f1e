"""Ratios, each measured in one run on one machine; absolute times depend on the machine and are not compared."""
