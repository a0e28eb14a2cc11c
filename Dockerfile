# One image for web, live, worker and sweep; compose.yaml says which command each runs.
FROM node:24-slim AS assets
WORKDIR /srv/healthhub
COPY package.json package-lock.json tsconfig.json tsconfig.worker.json .npmrc ./
RUN npm ci
COPY healthhub/web/assets healthhub/web/assets
RUN npm run build

FROM python:3.13-slim
RUN useradd --system --create-home healthhub && apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/healthhub
COPY requirements.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
COPY --from=assets /srv/healthhub/healthhub/web/built healthhub/web/built
RUN for words in healthhub/web/locale/*/LC_MESSAGES/django.po; do pybabel compile -i "$words" -o "${words%.po}.mo"; done \
    && HEALTHHUB_MODE=production SECRET_KEY=only-while-building ALLOWED_HOSTS=localhost DATABASE_URL=postgres:///x REDIS_URL=redis://x \
       python manage.py collectstatic --noinput
RUN install -d -m 700 -o healthhub /srv/imports
USER healthhub
