EXTRA_DIST += doc/architecture.md doc/performance.md doc/operations.md doc/network.md doc/poa.md doc/sim.md doc/bft.md
