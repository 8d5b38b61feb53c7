# What a person does here, by stage. Each target only calls the launcher or Maven.

MAVEN := $(shell command -v mvn || echo ./mvnw)

MINUTES ?= 10
RUNS ?= 1
ENV ?= dev

# Options of the benchmarks; what is not set stays as it is on the page.
BENCH = $(if $(filter help,$(WHAT)),--help,$(if $(WHAT),--what $(WHAT))) $(if $(ROWS),--rows $(ROWS)) \
  $(if $(EVENTS),--events $(EVENTS)) $(if $(BATCH),--batch $(BATCH)) $(if $(BATCHES),--batches $(BATCHES)) \
  $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(RATES),--rates $(RATES)) $(if $(SECONDS),--seconds $(SECONDS)) \
  $(if $(TABLES),--tables $(TABLES)) $(if $(MEMORY),--memory $(MEMORY))

# One test with servers, and nothing else.
ONLY := -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false

.DEFAULT_GOAL := help
.PHONY: help demo up down doctor synth cost diff deploy destroy build test unit fuzz crash aws dags bench format clean

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

##@ See it work
demo: ## Rows travel from a trading shop's PostgreSQL into gold, and verify proves it
	./cdclake demo

##@ Run it on this machine
doctor: ## Say what is wrong with the source before anything runs
	./cdclake doctor

up: ## Start the line and leave it running
	./cdclake up --detach

down: ## Stop the line
	./cdclake down

##@ Run it on AWS (docs/aws.md): make deploy ENV=dev, staging or prod; needs Node.js
synth: ## Make the templates, without an account
	infra-cdk/run synth $(ENV)

cost: ## Say what a month costs, and what of it can be stopped
	infra-cdk/run cost $(ENV)

diff: ## Show what a deployment would change
	infra-cdk/run diff $(ENV)

deploy: build ## Build everything and deploy it
	infra-cdk/run deploy $(ENV)

destroy: ## Take an environment down; docs/aws.md says what becomes of its data
	infra-cdk/run destroy $(ENV)

##@ Change it
build: ## Compile and package everything, without tests
	$(MAVEN) -q -B --no-transfer-progress -DskipTests package

test: ## Check the format, run every test, with real servers where a test needs them
	$(MAVEN) -B --no-transfer-progress -T 2 verify

unit: ## Run the tests that start no server
	$(MAVEN) -B --no-transfer-progress -T 2 -DskipITs verify

fuzz: ## Invent changes and compare source and silver: make fuzz MINUTES=30, or SEED=17
	$(MAVEN) -B --no-transfer-progress verify $(ONLY) -Dit.test=FuzzIT \
	  -Dfuzz.minutes=$(MINUTES) -Dfuzz.seed=$(SEED) -Dfuzz.folder=$(CURDIR)/.cdclake/fuzz

crash: ## Kill everything everywhere and compare: make crash RUNS=20, or POINT=KAFKA
	$(MAVEN) -B --no-transfer-progress verify $(ONLY) -Dit.test=CrashIT \
	  -Dcrash.runs=$(RUNS) '-Dcrash.point=$(POINT)' -Dcrash.folder=$(CURDIR)/.cdclake/crash \
	  -Dcrash.page=$(CURDIR)/docs/crash-matrix.md

aws: ## Play the line as on AWS, with all operators' jobs; 'make test' plays one of them
	$(MAVEN) -B --no-transfer-progress verify $(ONLY) -Dit.test=AwsLineIT -Daws.operators=true

dags: ## Test the DAGs in a real Airflow, which is installed below airflow/target
	airflow/run

bench: ## Measure side by side with others: make bench WHAT=silver ROWS=1000000, or WHAT=help
	bench/run $(BENCH)

format: ## Format code and build files
	$(MAVEN) -q -B --no-transfer-progress spotless:apply

clean: ## Remove what was built; databases and logs in .cdclake stay
	$(MAVEN) -q -B --no-transfer-progress clean
