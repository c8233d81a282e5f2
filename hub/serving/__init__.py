"""How the web process answers: Django in a fixed set of threads, long-lived answers without one."""
