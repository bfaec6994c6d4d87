{{- /* Amounts as people write them, as numbers that can be compared. */}}

{{- /* usage: include "fiscal.bytes" "512Mi", or Redis' "256mb" */}}
{{- define "fiscal.bytes" -}}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "kb" 1024 "mb" 1048576 "gb" 1073741824 -}}
{{- mul (regexFind "^[0-9]+" .) (get $factors (regexFind "[A-Za-z]*$" .)) -}}
{{- end }}

{{- /* usage: include "fiscal.millicores" "100m", or a number of cores */}}
{{- define "fiscal.millicores" -}}
{{- $text := kindIs "string" . | ternary . (toJson .) -}}
{{- hasSuffix "m" $text | ternary (trimSuffix "m" $text | float64) (mulf (float64 $text) 1000) -}}
{{- end }}
