"""What the hub counts, for Prometheus.

Each process counts in memory and hands what is new to Redis every few seconds, where the counts of all processes, on
whatever machine, become one; `/metrics` reads them there. So a scrape asks the database nothing, any web process gives
the same answer, and what a process counted outlives it. Of one that is killed, the last few seconds are lost.
"""
