{{- /*
The loop of a worker, and of beat, touches /tmp/heartbeat every 5 s while it has its broker: looking
at the file costs a hundredth of `celery inspect ping`. Not ready after a minute of silence; ended
after five, so that an outage of Redis does not kill runs that need nothing of it.
*/}}
{{- define "fiscal.heartbeatProbes" -}}
startupProbe:
  exec: {command: [test, -f, /tmp/heartbeat]}
  periodSeconds: 3
  failureThreshold: 200
readinessProbe:
  exec: {command: [sh, -c, "find /tmp/heartbeat -mmin -1 | grep -q ."]}
  periodSeconds: 10
  timeoutSeconds: 5
livenessProbe:
  exec: {command: [sh, -c, "find /tmp/heartbeat -mmin -5 | grep -q ."]}
  periodSeconds: 30
  timeoutSeconds: 10
{{- end }}

{{- /* usage: include "fiscal.httpProbes" (dict "port" "http" "live" "/health/live" "ready" "/health/ready") */}}
{{- define "fiscal.httpProbes" -}}
startupProbe:
  httpGet: {path: {{ .live }}, port: {{ .port }}}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 90
readinessProbe:
  httpGet: {path: {{ .ready }}, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
livenessProbe:
  httpGet: {path: {{ .live }}, port: {{ .port }}}
  periodSeconds: 15
  timeoutSeconds: 10
{{- end }}
