"""What `flwr run` sends."""
