{{- /* How our pods find the outside services: the portal, WhatsApp, mail, Mem0 and S3, or the simulator of them. */}}

{{- define "fiscal.env.portal" -}}
{{- $simulator := printf "http://%s-simulator:8080" (include "fiscal.fullname" .) -}}
{{- $sii := .Values.sii -}}
{{- if .Values.demo.enabled -}}
  {{- $sii = dict "authUrl" (printf "%s/zeusr" $simulator) "homeUrl" (printf "%s/misiir" $simulator) "servicesUrl" (printf "%s/www4" $simulator) "receiptsUrl" (printf "%s/loa" $simulator) "minRequestInterval" 0.1 "requestsPerSecond" 0 "maxBrowsers" .Values.sii.maxBrowsers -}}
{{- end -}}
- name: SII_MIN_REQUEST_INTERVAL
  value: {{ $sii.minRequestInterval | quote }}
- name: SII_REQUESTS_PER_SECOND
  value: {{ $sii.requestsPerSecond | quote }}
- name: SII_MAX_BROWSERS
  value: {{ $sii.maxBrowsers | quote }}
{{- range $name, $key := dict "SII_AUTH_URL" "authUrl" "SII_HOME_URL" "homeUrl" "SII_SERVICES_URL" "servicesUrl" "SII_RECEIPTS_URL" "receiptsUrl" }}
{{- with get $sii $key }}
- name: {{ $name }}
  value: {{ quote . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fiscal.env.channels" -}}
{{- $demo := .Values.demo.enabled -}}
{{- $simulator := printf "%s-simulator" (include "fiscal.fullname" .) -}}
{{- with .Values.whatsapp.phoneNumberId | default ($demo | ternary "100000000000001" "") }}
- name: WHATSAPP_PHONE_NUMBER_ID
  value: {{ . | quote }}
{{ include "fiscal.fromSecret" (dict "root" $ "name" "WHATSAPP_ACCESS_TOKEN" "key" "whatsapp-access-token") }}
{{- end }}
{{- with $demo | ternary (printf "http://%s:8080/whatsapp" $simulator) .Values.whatsapp.apiUrl }}
- name: WHATSAPP_API_URL
  value: {{ quote . }}
{{- end }}
{{- with .Values.mail.from | default ($demo | ternary "avisos@fiscal.example" "") }}
- name: MAIL_FROM
  value: {{ . | quote }}
{{- if $demo }}
- name: SMTP_URL
  value: {{ printf "smtp://%s:1025" $simulator | quote }}
{{- else }}
{{ include "fiscal.fromSecret" (dict "root" $ "name" "SMTP_URL" "key" "smtp-url") }}
{{- end }}
{{- end }}
{{- end }}

{{- /* What the API checks reports of messages with, which Meta signs, or the demo's simulator. */}}
{{- define "fiscal.env.webhooks" -}}
{{ include "fiscal.fromSecret" (dict "root" . "name" "WHATSAPP_APP_SECRET" "key" (include "fiscal.webhookKey" .) "optional" true) }}
{{ include "fiscal.fromSecret" (dict "root" . "name" "WHATSAPP_VERIFY_TOKEN" "key" "whatsapp-verify-token" "optional" true) }}
{{- end }}

{{- /* A demo signs with a key of its own: one that is left behind must not look like Meta's. */}}
{{- define "fiscal.webhookKey" -}}
{{- $given := or .Values.secrets.whatsappAppSecret .Values.secrets.existingSecret -}}
{{- and .Values.demo.enabled (not $given) | ternary "demo-webhook-secret" "whatsapp-app-secret" -}}
{{- end }}

{{- define "fiscal.env.memories" -}}
{{ include "fiscal.fromSecret" (dict "root" . "name" "MEM0_API_KEY" "key" "mem0-api-key" "optional" true) }}
{{ include "fiscal.fromSecret" (dict "root" . "name" "MEM0_EMBEDDER_API_KEY" "key" "mem0-embedder-api-key" "optional" true) }}
{{- range $name, $key := dict "MEM0_HOST" "mem0Host" "MEM0_EMBEDDER_URL" "embedderUrl" "MEM0_EMBEDDER_MODEL" "embedderModel" "MEM0_EMBEDDER_DIMS" "embedderDims" }}
{{- with get $.Values.memories $key }}
- name: {{ $name }}
  value: {{ toString . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "fiscal.env.pdfs" -}}
- name: PDF_STORE
  value: {{ .Values.pdfs.store }}
{{- range $name, $key := dict "PDF_STORE_DIRECTORY" "directory" "PDF_STORE_S3_BUCKET" "bucket" "PDF_STORE_S3_PREFIX" "prefix" "PDF_STORE_S3_REGION" "region" "PDF_STORE_S3_ENDPOINT_URL" "endpointUrl" }}
{{- with get $.Values.pdfs $key }}
- name: {{ $name }}
  value: {{ quote . }}
{{- end }}
{{- end }}
{{ include "fiscal.fromSecret" (dict "root" . "name" "PDF_STORE_S3_ACCESS_KEY_ID" "key" "pdf-access-key-id" "optional" true) }}
{{ include "fiscal.fromSecret" (dict "root" . "name" "PDF_STORE_S3_SECRET_ACCESS_KEY" "key" "pdf-secret-access-key" "optional" true) }}
{{- end }}
