"""llama.cpp's server as a process of its own: `serve_model.py MODEL.gguf` prints its address and serves until its input ends."""

import sys

import xllamacpp  # type: ignore[import-untyped]  # it comes without types


def main(file: str) -> None:
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.model_alias = {"tiny"}
    parameters.port = 0
    parameters.n_ctx = 4096
    parameters.n_parallel = 2
    parameters.cpuparams.n_threads = 1
    parameters.use_jinja = True
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)  # noqa: T201  # the test reads it
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
