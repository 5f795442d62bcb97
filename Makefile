# Every target calls `python -m isru`, which makes the environment (.venv) where it is missing.
PYTHON ?= python3
ISRU = PYTHONPATH="$(CURDIR)/src" "$(PYTHON)" -m isru

.DEFAULT_GOAL := help
.PHONY: help check-record certify setup execute refresh status book verify publish bench record test test-browser serve lint clean

help setup bench record lint clean:
	@$(ISRU) $@

execute:  # PROFILE=smoke|quick|full  NB=06  P="seeds=5; units=[10, 25]"
	@$(ISRU) $@ $(if $(PROFILE),--profile "$(PROFILE)") $(if $(NB),--notebook "$(NB)") $(if $(P),--parameters '$(P)')

refresh:
	@$(ISRU) $@ $(if $(PROFILE),--profile "$(PROFILE)")

status book verify test-browser:  # RUN=quick
	@$(ISRU) $@ $(if $(RUN),--run "$(RUN)")

publish:  # RUN=full NB=06, with REPEAT=1 as a run again, or RECORD=runs/machines/NAME.json alone
	@$(ISRU) $@ $(if $(RUN),--run "$(RUN)") $(if $(NB),--notebook "$(NB)") $(if $(REPEAT),--repeat) $(if $(RECORD),--record "$(RECORD)")

check-record:  # RECORD=FILE; by default all that are published
	@$(ISRU) $@ $(if $(RECORD),"$(RECORD)")

serve:  # RUN=quick PORT=8000
	@$(ISRU) $@ $(if $(RUN),--run "$(RUN)") $(if $(PORT),--port "$(PORT)")

certify:  # NAME=isru, or NAME=all
	@$(ISRU) $@ $(NAME)

test:  # K="expression of pytest -k"
	@$(ISRU) $@ $(if $(K),--select "$(K)")
