# The slim image: API, beat, Flower, metrics, migrations and the fast workers. No Chrome.
# Its sibling is Dockerfile.selenium; nothing here is newer than the frontend of engine 20.10.
# >>> The same lines in Dockerfile and Dockerfile.selenium, so that one build cache serves both.
ARG PYTHON_IMAGE=python:3.13-slim-trixie
FROM ${PYTHON_IMAGE} AS base

# HOME and bytecode: the root filesystem is read-only at run time, only /tmp can be written.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/srv/fiscal/backend \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    LANG=C.UTF-8

# Usages:
# - tini: PID 1, so that Chrome's orphaned children are reaped on Kubernetes too
# A version is not pinned: Debian's mirrors keep only the newest of a stable release.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends tini \
    && rm -rf /var/lib/apt/lists/*

# A fixed number, because Kubernetes' runAsNonRoot looks at numbers only. The folders are there
# so that a fresh volume mounted on one takes its owner.
RUN groupadd --gid 10001 fiscal \
    && useradd --uid 10001 --gid fiscal --no-create-home --home-dir /tmp --shell /usr/sbin/nologin fiscal \
    && install -d -o fiscal -g fiscal /var/lib/fiscal/sessions /var/lib/fiscal/pdfs \
        /run/fiscal/secrets/redis /run/fiscal/secrets/postgres /run/fiscal/secrets/keys \
        /run/fiscal/secrets/api /run/fiscal/secrets/flower /run/fiscal/secrets/metrics \
        /run/fiscal/secrets/channels /run/fiscal/secrets/webhooks \
    && printf '#!/bin/sh\nexec python -m app.cli "$@"\n' >/usr/local/bin/fiscal \
    && chmod 0755 /usr/local/bin/fiscal


# Installs, then is thrown away with its pip: the images only take /opt/venv.
FROM base AS wheels

# The installing pip lives in a virtual environment of its own, so that the product's has none.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv

# Before the code, so that a change of code installs nothing.
COPY requirements/runtime.txt /requirements/

# Wheels only: there is no compiler here. A private CA comes as a BuildKit secret and stays out
# of the layer, and there is no cache: Railway's builder refuses a cache mount of a shared file.
RUN --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
    && /opt/pip/bin/pip --python /opt/venv install --no-cache-dir --disable-pip-version-check \
        --no-compile --only-binary :all: --no-deps --require-hashes -r /requirements/runtime.txt

# Out goes what no process here reads: tests, typing and C sources, and the tables of places and
# carriers that only phonenumbers.geocoder and phonenumbers.carrier load (40 MB with bytecode).
RUN find /opt/venv/lib -depth -type d \( -name tests -o -name test \
        -o -path "*/phonenumbers/geodata" -o -path "*/phonenumbers/carrierdata" \) -exec rm -rf {} + \
    && find /opt/venv/lib \( -name "*.pyi" -o -name "*.pyx" -o -name "*.pxd" -o -name "*.c" \) -delete

# Compiled now, because nothing can write bytecode at run time; not checked against the source's
# time, so that copying keeps it valid. Of pygments' hundreds of languages none is needed.
RUN python -m compileall -q -j 0 --invalidation-mode unchecked-hash \
        -x "/pygments/(lexers|styles)/" /opt/venv/lib


# The code with its bytecode, so that both arrive in one layer.
FROM base AS code
COPY backend/app /srv/fiscal/backend/app
COPY backend/scripts /srv/fiscal/backend/scripts
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /srv/fiscal/backend


FROM base AS runtime
COPY --from=wheels /opt/venv /opt/venv
WORKDIR /srv/fiscal/backend
# <<< The same lines in Dockerfile and Dockerfile.selenium.


FROM runtime AS app
# >>> Last, since it changes most: the code, and how it starts.
COPY --chmod=0755 docker-entrypoint.sh /usr/local/bin/
COPY --from=code /srv/fiscal /srv/fiscal
USER 10001:10001
ENTRYPOINT ["tini", "--", "docker-entrypoint.sh"]
# <<< Last.


# What the simulator adds, apart, so that the slim image cannot carry any of it.
FROM wheels AS simulator-wheels
COPY requirements/simulator.txt /requirements/

# The lock holds the runtime's packages too, which are installed: pip adds the rest. Only what is
# newer than the mark goes on, so that the layer does not repeat the whole environment.
RUN --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi \
    && touch /opt/mark \
    && /opt/pip/bin/pip --python /opt/venv install --no-cache-dir --disable-pip-version-check \
        --no-compile --only-binary :all: --no-deps --require-hashes -r /requirements/simulator.txt \
    && mkdir /opt/extra \
    && find /opt/venv -newer /opt/mark -type f -exec cp --parents -t /opt/extra {} + \
    && python -m compileall -q --invalidation-mode unchecked-hash -s /opt/extra /opt/extra


# The stand-in for the portal and the other outside services: never in a production image.
FROM app AS simulator
COPY --from=simulator-wheels /opt/extra/opt/venv /opt/venv
COPY backend/simulator /srv/fiscal/backend/simulator


# The last stage is what a build without --target makes.
FROM app AS slim
