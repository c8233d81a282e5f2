"""How people sign in with a browser: staff into the console, clients to manage their keys."""
