{{/*
The connections this installation may ask the database server for, at worst: the most API pods there
can be, every pool full, and during an update one that begins and one that ends (the pods' minReadySeconds
sees to it that it is one). An API pod has its pool, one connection that listens and one for the writer;
behind a pooler only the listening one is its own. A running job takes up to 4, a scheduler 1; the Jobs
of an upgrade up to 4.
*/}}
{{- define "cc.apiMost" -}}
{{- $api := .Values.api -}}
{{- add 2 (ternary $api.autoscaling.maxReplicas $api.replicas $api.autoscaling.enabled) -}}
{{- end }}

{{- define "cc.connections" -}}
{{- $database := .Values.database -}}
{{- $pods := int (include "cc.apiMost" .) -}}
{{- $direct := add (mul $pods (add $database.poolSize $database.maxOverflow 2)) (mul .Values.worker.replicas .Values.worker.concurrency 4) -}}
{{- $pooled := add $pods $database.pooler.poolSize -}}
{{- add (ternary $pooled $direct $database.pooler.enabled) .Values.beat.replicas 4 $database.reservedConnections -}}
{{- end }}

{{- define "cc.checkConnections" -}}
{{- $asked := int (include "cc.connections" .) -}}
{{- $permitted := int .Values.database.maxConnections -}}
{{- if gt $asked $permitted -}}
{{- fail (printf "connection budget: up to %d connections could be asked for, database.maxConnections is %d. Lower database.poolSize, database.maxOverflow, api.autoscaling.maxReplicas or worker.concurrency, raise max_connections of the server and this value with it, or put a pooler between (database.pooler)" $asked $permitted) -}}
{{- end -}}
{{- end }}
