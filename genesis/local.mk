# Samples for users.
EXTRA_DIST += \
	genesis/README.md genesis/seed.json genesis/single.json \
	genesis/town.json genesis/hard.json \
	config/ccoin.json config/validator.json config/observer.json \
	scripts/new-chain
