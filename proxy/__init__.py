"""The reference proxy: OpenAI's image endpoints in front of Gemini's image models."""

__version__ = "3.3.20"

__all__ = ["__version__"]
