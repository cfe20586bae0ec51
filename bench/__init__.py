"""Measures the service beside etcd, Unleash and nginx on one machine; see README.md."""
