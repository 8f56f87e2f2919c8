.DEFAULT_GOAL := help
.PHONY: help demo cloud test lint bench docs lock audit clean

help:  ## Explain the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

demo:  ## Deploy the whole lab into containers on this machine
	@scripts/demo

cloud:  ## Start an OpenStack in containers on this machine
	@scripts/cloud

test:  ## Run all tests: style, contracts, and every role in containers
	@scripts/test

lint:  ## Run the tests of style only
	@scripts/test tests/test_lint.py

bench:  ## Measure the server beside what it replaces, deployments, and more servers
	@scripts/bench

docs:  ## Write what the READMEs say of variables, from the roles' contracts
	@scripts/setup controller
	@.venv/bin/python scripts/docs

lock:  ## Take the newest packages that fit, for the controller and the server
	@scripts/lock

audit:  ## Compare the locked packages with the known vulnerabilities
	@scripts/setup controller
	@.venv/bin/python scripts/audit

clean:  ## Remove what the demo and the tests made
	@scripts/clean
