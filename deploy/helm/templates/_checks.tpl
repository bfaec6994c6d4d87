{{- /* Combinations of values that cannot work: one sentence, before anything is created. */}}
{{- define "fiscal.check" -}}
{{- $values := .Values -}}
{{- $_ := include "fiscal.workers" . -}}
{{- if gt (len (include "fiscal.fullname" .)) 40 -}}
  {{- fail (printf "%s is longer than 40 characters, and names of pods are made from it; choose a shorter release name or set fullnameOverride." (include "fiscal.fullname" .)) -}}
{{- end -}}
{{- range $store := list "redis" "postgres" -}}
  {{- $given := get $values $store -}}
  {{- if and $given.externalUrl $given.existingSecret }}{{ fail (printf "%s.externalUrl and %s.existingSecret are both set; keep the one that holds the address." $store $store) }}{{ end -}}
{{- end -}}
{{- if $values.secrets.existingSecret -}}
  {{- range $key, $value := omit $values.secrets "existingSecret" -}}
    {{- if $value }}{{ fail (printf "secrets.existingSecret and secrets.%s are both set; put %s into that Secret as %s." $key $key (kebabcase $key)) }}{{ end -}}
  {{- end -}}
{{- else if not $values.demo.enabled -}}
  {{- if and $values.whatsapp.phoneNumberId (not $values.secrets.whatsappAccessToken) (not (hasKey (include "fiscal.keptSecret" . | fromJson) "whatsapp-access-token")) -}}
    {{- fail "whatsapp.phoneNumberId is set and its token is not; set secrets.whatsappAccessToken, or secrets.existingSecret with the key whatsapp-access-token." -}}
  {{- end -}}
  {{- if and $values.mail.from (not $values.secrets.smtpUrl) (not (hasKey (include "fiscal.keptSecret" . | fromJson) "smtp-url")) -}}
    {{- fail "mail.from is set and the mail server is not; set secrets.smtpUrl, or secrets.existingSecret with the key smtp-url." -}}
  {{- end -}}
{{- end -}}
{{- if and $values.ingress.enabled (not $values.ingress.hosts) }}{{ fail "ingress.enabled needs a host name; for example ingress.hosts={api.empresa.cl}." }}{{ end -}}
{{- if and $values.httpRoute.enabled (not $values.httpRoute.parentRefs) }}{{ fail "httpRoute.enabled needs a Gateway; for example httpRoute.parentRefs[0].name=public." }}{{ end -}}
{{- end }}
