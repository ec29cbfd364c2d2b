# Airflow with the package. What the official image brings stays, since Airflow's project has tested it together; only
# what is missing is added: s3fs, which replaces the image's fsspec by its own version's, and a few small ones. The package
# is installed in place, so that its connection types are known and the folder that docker-compose.yaml mounts over it is
# what runs.
FROM apache/airflow:3.3.2

COPY --chown=airflow:root requirements.txt requirements-distributed.txt pyproject.toml /opt/airflow/
RUN pip install --no-cache-dir -r /opt/airflow/requirements-distributed.txt

COPY --chown=airflow:root plugins /opt/airflow/plugins
RUN pip install --no-cache-dir --no-deps --editable /opt/airflow \
    && mkdir -p /opt/airflow/sandbox && chmod g+w /opt/airflow/sandbox

USER 50000
