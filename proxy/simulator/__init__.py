"""A Gemini image service that runs on loopback: the outside world of the proxy, for checks and tests.

It speaks `generateContent` and the models list of the v1beta and v1 REST APIs, draws real pictures and imports nothing
of the proxy, so that an error in one is not repeated in the other.
"""
