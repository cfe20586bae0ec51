{{/* Labels of every object; call with (dict "root" $ "component" "api"). */}}
{{- define "cc.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
app.kubernetes.io/name: central-config
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/part-of: central-config
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{- define "cc.image" -}}
{{- $image := .Values.image -}}
{{- with $image.registry }}{{ . }}/{{ end }}{{ $image.repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ with $image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* A secretKeyRef; call with (dict "root" $ "of" "databaseUrl"). */}}
{{- define "cc.secretRef" -}}
{{- $place := index .root.Values.secrets .of -}}
name: {{ $place.name | default .root.Values.secrets.existingSecret }}
key: {{ $place.key }}
{{- end }}

{{/* Variables of every container of the service. */}}
{{- define "cc.environment" -}}
- name: HOME
  value: /tmp
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      {{- include "cc.secretRef" (dict "root" . "of" "databaseUrl") | nindent 6 }}
- name: DATABASE_POOL_SIZE
  value: {{ .Values.database.poolSize | quote }}
- name: DATABASE_MAX_OVERFLOW
  value: {{ .Values.database.maxOverflow | quote }}
{{- if .Values.database.pooler.enabled }}
- name: DATABASE_STATEMENT_CACHE
  value: "false"
- name: DATABASE_LISTEN_URL
  valueFrom:
    secretKeyRef:
      {{- include "cc.secretRef" (dict "root" . "of" "databaseListenUrl") | nindent 6 }}
{{- end }}
- name: REDIS_URL
  valueFrom:
    secretKeyRef:
      {{- include "cc.secretRef" (dict "root" . "of" "redisUrl") | nindent 6 }}
{{- if .Values.redis.enabled }}
- name: REDISCLI_AUTH   # `redis-cli -h redis ping` works as it stands
  valueFrom:
    secretKeyRef:
      {{- include "cc.secretRef" (dict "root" . "of" "redisPassword") | nindent 6 }}
{{- end }}
- name: AI_ENABLED
  value: {{ .Values.ai.enabled | quote }}
- name: OLLAMA_BASE_URL
  value: {{ .Values.ai.baseUrl | quote }}
- name: AI_MODEL
  value: {{ .Values.ai.model | quote }}
{{- if .Values.backup.enabled }}
- name: BACKUP_REPOSITORY
  value: /var/lib/central-config/backups
{{- if not (hasKey .Values.settings "AUDIT_ARCHIVE_DIR") }}
- name: AUDIT_ARCHIVE_DIR   # old months of the audit log, on the same volume
  value: /var/lib/central-config/backups/audit-archive
{{- end }}
{{- end }}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.extraEnvironment }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What a pod of the service may do: nothing but run. */}}
{{- define "cc.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .uid }}
runAsGroup: {{ .uid }}
fsGroup: {{ .uid }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "cc.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The beginning of every pod of the service; call with the root. */}}
{{- define "cc.pod" -}}
serviceAccountName: central-config
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "cc.podSecurity" (dict "uid" 10001) | nindent 2 }}
{{- end }}

{{/* The master key is a file: variables are seen by children and by whoever describes the pod. */}}
{{- define "cc.keyMount" -}}
- name: master-key
  mountPath: /run/secrets/central-config
  readOnly: true
{{- end }}

{{- define "cc.keyVolume" -}}
- name: master-key
  secret:
    secretName: {{ .Values.secrets.masterKey.name | default .Values.secrets.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ .Values.secrets.masterKey.key }}
        path: master.key
{{- end }}

{{- define "cc.scratchVolume" -}}
- name: scratch
  emptyDir:
    sizeLimit: 1Gi
{{- end }}

{{- define "cc.scratchMount" -}}
- name: scratch
  mountPath: /tmp
{{- end }}

{{/* Brings the schema up; any number may run, one works and the others wait. */}}
{{- define "cc.migrateContainer" -}}
name: migrate
image: {{ include "cc.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [migrate]
env:
  - name: HOME
    value: /tmp
  - name: DATABASE_URL   # past a pooler: migrations hold a lock of their session
    valueFrom:
      secretKeyRef:
        {{- include "cc.secretRef" (dict "root" . "of" (ternary "databaseListenUrl" "databaseUrl" .Values.database.pooler.enabled)) | nindent 8 }}
  - name: DATABASE_POOL_SIZE
    value: "1"
resources:
  requests: {cpu: 50m, memory: 128Mi}
  limits: {memory: 512Mi}
securityContext:
  {{- include "cc.containerSecurity" . | nindent 2 }}
volumeMounts:
  {{- include "cc.scratchMount" . | nindent 2 }}
{{- end }}

{{- define "cc.migratesInPods" -}}
{{- if or (eq .Values.migrations.run "initContainer") (and (eq .Values.migrations.run "auto") .Values.postgresql.enabled) }}yes{{ end }}
{{- end }}

{{/* Checks that pods run anew when a Secret was changed on purpose. */}}
{{- define "cc.podAnnotations" -}}
central-config.com/secrets-revision: {{ .Values.secrets.revision | quote }}
{{- end }}
