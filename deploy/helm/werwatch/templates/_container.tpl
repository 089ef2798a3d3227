{{/* What the container is in either mode: image, configuration, rights, resources, volumes. */}}
{{- define "werwatch.container" -}}
name: werwatch
image: {{ include "werwatch.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [serve, --config, /etc/werwatch/werwatch.yaml]
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  readOnlyRootFilesystem: true
  allowPrivilegeEscalation: false
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
livenessProbe:
  httpGet: {path: /healthz, port: 9600}
  periodSeconds: 10
  failureThreshold: 30
resources: {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - {name: werwatch-data, mountPath: /data}
  - {name: werwatch-config, mountPath: /etc/werwatch, readOnly: true}
  {{- if .Values.existingSecret }}
  - {name: werwatch-secrets, mountPath: /run/secrets/werwatch, readOnly: true}
  {{- end }}
{{- end -}}

{{- define "werwatch.configVolumes" -}}
- name: werwatch-config
  configMap: {name: {{ include "werwatch.fullname" . }}}
{{- if .Values.existingSecret }}
- name: werwatch-secrets
  secret: {secretName: {{ .Values.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- end -}}

{{- define "werwatch.startupProbe" -}}
startupProbe:
  httpGet: {path: /readyz, port: 9600}
  periodSeconds: 2
  # An hour: the first start of a version that writes a large store anew is not ready before it has.
  failureThreshold: 1800
{{- end -}}

{{- define "werwatch.readinessProbe" -}}
readinessProbe:
  httpGet: {path: /readyz, port: 9600}
  periodSeconds: 10
{{- end -}}

{{- define "werwatch.claim" -}}
accessModes: [{{ .Values.persistence.accessMode }}]
{{- with .Values.persistence.storageClass }}
storageClassName: {{ . }}
{{- end }}
resources: {requests: {storage: {{ .Values.persistence.size }}}}
{{- end -}}
