# Each target first installs what it needs from Debian, if that is missing.

# What the tests reach is noted as they run, apart from the builds of every day; afterwards
# Tests/coverage/run.sh tells what they did not.
instrumented = --enable-code-coverage --scratch-path .build-test

.PHONY: help run test test-flink bench deb format lint clean

help:
	@echo 'make run     the gateway and an emulated building: an hour of summer in a minute'
	@echo 'make test    build everything and run all tests'
	@echo 'make test-flink   compare the stream engine with Apache Flink'
	@echo 'make bench   measure, and print a table'
	@echo 'make deb     build and check the Debian packages'
	@echo 'make format  format the sources'
	@echo 'make lint    check the format'
	@echo 'make clean   remove everything that was built'

run:
	@packaging/dependencies build
	@packaging/demo

test:
	@packaging/dependencies build test
	@swift build --build-tests $(instrumented) --quiet
	@rm -rf .build-test/debug/codecov
	@swift test --skip-build $(instrumented) --parallel --quiet

test-flink:
	@Tests/flink/run.sh

bench:
	@packaging/dependencies build
	@Tests/bench/run.sh

deb:
	@packaging/dependencies build deb
	@packaging/build-deb
	@packaging/deb-test

format:
	@swift format --in-place --parallel --recursive Sources Tests firmware-sim Package.swift

lint:
	@packaging/dependencies build
	@swift format lint --strict --parallel --recursive Sources Tests firmware-sim Package.swift

clean:
	@rm -rf .build .build-*
	@rm -f *.deb
