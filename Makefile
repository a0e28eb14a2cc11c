# Every command first makes the environment it needs; a fresh clone wants only make and Python >= 3.11.
# PYTHON=... chooses another interpreter. All the work is done by tools/bootstrap.py, which explains itself.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && exit; done; echo python3)
BOOTSTRAP = $(PYTHON) -B tools/bootstrap.py

.PHONY: help install demo test check bench evaluate tour client lock
help:     ; @$(BOOTSTRAP) help
install:  ; @$(BOOTSTRAP) install
demo:     ; @$(BOOTSTRAP) demo $(if $(PORT),--port $(PORT)) $(if $(DATA),--data "$(DATA)") $(if $(SPEED),--speed $(SPEED))
test:     ; @$(BOOTSTRAP) test $(ARGS)
check:    ; @$(BOOTSTRAP) check
bench:    ; @$(BOOTSTRAP) bench $(ARGS)
evaluate: ; @$(BOOTSTRAP) evaluate $(if $(DATA),"$(DATA)")
tour:     ; @$(BOOTSTRAP) tour $(if $(PORT),--port $(PORT)) $(ARGS)
client:   ; @$(BOOTSTRAP) client
lock:     ; @$(BOOTSTRAP) lock
