EXTRA_DIST += doc/architecture.md doc/operations.md doc/poa.md
