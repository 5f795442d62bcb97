# Every target calls `python src/isru`, which makes the environment (.venv) where it is missing.
PYTHON ?= python3

# What is given here may hold quotes, $ and anything else. It goes to the command through the
# environment, word for word, so that neither make nor a shell reads it as its own language. The
# folder's name is not used at all.
unexport PYTHON PROFILE NB P RUN RECORD PORT NAME K REPEAT
export isru_python := $(value PYTHON)
export isru_profile := $(value PROFILE)
export isru_notebook := $(value NB)
export isru_parameters := $(value P)
export isru_run := $(value RUN)
export isru_record := $(value RECORD)
export isru_port := $(value PORT)
export isru_name := $(value NAME)
export isru_select := $(value K)
export isru_repeat := $(value REPEAT)

ISRU = "$$isru_python" src/isru
profile = $${isru_profile:+--profile="$$isru_profile"}
notebook = $${isru_notebook:+--notebook="$$isru_notebook"}
run = $${isru_run:+--run="$$isru_run"}

.DEFAULT_GOAL := help
.PHONY: help chapter check-record certify setup execute refresh status book verify publish bench record test test-browser serve check lint clean

help setup bench record check lint clean:
	@$(ISRU) $@

execute:  # PROFILE=smoke|quick|full  NB=forecaster  P="seeds=5; units=[10, 25]"
	@$(ISRU) $@ $(profile) $(notebook) $${isru_parameters:+--parameters="$$isru_parameters"}

refresh:
	@$(ISRU) $@ $(profile)

status book verify test-browser:  # RUN=quick
	@$(ISRU) $@ $(run)

publish:  # RUN=full NB=forecaster, with REPEAT=1 as a run again, or RECORD=runs/machines/NAME.json alone
	@$(ISRU) $@ $(run) $(notebook) $${isru_repeat:+--repeat} $${isru_record:+--record="$$isru_record"}

check-record:  # RECORD=FILE; by default all that are published
	@$(ISRU) $@ $${isru_record:+-- "$$isru_record"}

serve:  # RUN=quick PORT=8000
	@$(ISRU) $@ $(run) $${isru_port:+--port="$$isru_port"}

certify:  # NAME=isru, or NAME=all
	@set -f; $(ISRU) $@ $$isru_name

chapter:  # NAME=saturation-in-depth
	@$(ISRU) $@ -- "$$isru_name"

test:  # K="expression of pytest -k"
	@$(ISRU) $@ $${isru_select:+--select="$$isru_select"}
