# A node of a fleet: it keeps no state, runs as nobody, and writes nothing to its file system.
#   docker build -t corserver .
#   docker run --rm --read-only -p 8000:8000 -v "$PWD/public:/srv:ro" corserver /srv --host 0.0.0.0 --health /healthz
FROM python:3.13-slim AS build
WORKDIR /build
COPY pyproject.toml README.md LICENSE ./
COPY corserver ./corserver
# Compiled here, as it cannot be there; pip has done its work then.
RUN python -m venv --without-pip /opt/corserver \
 && pip --python /opt/corserver/bin/python install --no-cache-dir --no-compile '.[forms,psl,run]' \
 && python -m compileall -q -j 0 /opt/corserver/lib

FROM python:3.13-slim
COPY --from=build /opt/corserver /opt/corserver
ENV PATH=/opt/corserver/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /srv
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["corserver"]
CMD ["/srv", "--host", "0.0.0.0", "--health", "/healthz"]
