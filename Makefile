# Short names for the scripts; everything they do is in Scripts/.
.PHONY: all pretrain test lint format docs benchmark dependent flower-demo flower-test ci clean

all:
	Scripts/setup
	swift build

# Options for ACDCPretrain: make pretrain OPTIONS="--data DIR --output RUN"
pretrain:
	@Scripts/pretrain $(OPTIONS)

# Options for swift test: make test OPTIONS="--filter UNetTests"
test:
	@Scripts/test $(OPTIONS)

lint:
	@Scripts/lint

format:
	@Scripts/lint --fix

docs:
	@Scripts/document

benchmark:
	@Scripts/benchmark $(OPTIONS)

dependent:
	@Scripts/dependent

# Options for FlowerServer pretrain: make flower-demo OPTIONS="--rounds 20"
flower-demo:
	@Scripts/flower-demo $(OPTIONS)

# Cases: make flower-test OPTIONS="same-bits secured"
flower-test:
	@Scripts/flower-test $(OPTIONS)

ci:
	@.ci/run

clean:
	swift package clean
