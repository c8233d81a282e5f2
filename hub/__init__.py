"""The project: wiring on top, the shared kernel below; no concrete models."""
