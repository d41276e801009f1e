"""`python -m signoff`."""

from signoff.main import main

main()
