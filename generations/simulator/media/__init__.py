"""Real files that depend on the prompt: images that open, videos and music that play."""
