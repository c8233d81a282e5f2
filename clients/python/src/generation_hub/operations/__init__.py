"""The operations of the API, each a plan or a flow (see `generation_hub.plan`)."""
