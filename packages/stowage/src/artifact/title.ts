/** The annotation with the name of a file (image-spec, "Pre-Defined Annotation Keys"). */
export const TITLE = 'org.opencontainers.image.title';
