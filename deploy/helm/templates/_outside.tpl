{{- /* How our pods find the outside services: the portal, WhatsApp and mail, or the simulator of them. */}}

{{- define "fiscal.env.portal" -}}
{{- $simulator := printf "http://%s-simulator:8080" (include "fiscal.fullname" .) -}}
{{- $sii := .Values.sii -}}
{{- if .Values.demo.enabled -}}
  {{- $sii = dict "authUrl" (printf "%s/zeusr" $simulator) "homeUrl" (printf "%s/misiir" $simulator) "servicesUrl" (printf "%s/www4" $simulator) "minRequestInterval" 0.1 -}}
{{- end -}}
- name: SII_MIN_REQUEST_INTERVAL
  value: {{ $sii.minRequestInterval | quote }}
{{- range $name, $key := dict "SII_AUTH_URL" "authUrl" "SII_HOME_URL" "homeUrl" "SII_SERVICES_URL" "servicesUrl" }}
{{- with get $sii $key }}
- name: {{ $name }}
  value: {{ . }}
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
  value: {{ . }}
{{- end }}
{{- with .Values.mail.from | default ($demo | ternary "avisos@fiscal.example" "") }}
- name: MAIL_FROM
  value: {{ . | quote }}
{{- if $demo }}
- name: SMTP_URL
  value: smtp://{{ $simulator }}:1025
{{- else }}
{{ include "fiscal.fromSecret" (dict "root" $ "name" "SMTP_URL" "key" "smtp-url") }}
{{- end }}
{{- end }}
{{- end }}
