{{- /*
How these files work. A helper is called by `include "fiscal.x" CONTEXT` and returns text. Most take
the root context `$`; those that need more take a dict whose "root" is `$`. Each file holds one
purpose: _names (names, labels, images), _secrets (which Secret holds what), _env (environment by
role), _outside and _urls (addresses of outside services), _pod (the one pod template of our images),
_container (what its containers share), _security, _probes, _stores and _ownership (bundled Redis and
Postgres), _migrate (one Job, two wrappings), _backup (one Job, each night and at first), _workers (the
chosen list, checked), _checks and _check_pods (what cannot work), _quantities (amounts as numbers),
_network (who talks to whom).
*/}}

{{- define "fiscal.fullname" -}}
{{- $release := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) -}}
{{- .Values.fullnameOverride | default $release -}}
{{- end }}

{{- /* usage: include "fiscal.selector" (dict "root" $ "role" "worker" "worker" "fast"); never changes */}}
{{- define "fiscal.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ quote .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- with .worker }}
fiscal/worker: {{ quote . }}
{{- end }}
{{- end }}

{{- /* usage: include "fiscal.labels" (dict "root" $ "role" "api") */}}
{{- define "fiscal.labels" -}}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{ include "fiscal.selector" . }}
{{- end }}

{{- /* usage: include "fiscal.image" (dict "root" $ "image" "slim") */}}
{{- define "fiscal.image" -}}
{{- with .root.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
fiscal-{{ .image }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "fiscal.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "fiscal.fullname" .) "default") -}}
{{- end }}
