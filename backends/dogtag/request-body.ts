/** Every request body has this form; values are text. */
export const requestBody = (className: string, attributes: Readonly<Record<string, string>>): object => ({
  ClassName: `com.netscape.certsrv.key.${className}`,
  Attributes: { Attribute: Object.entries(attributes).map(([name, value]) => ({ name, value })) },
});
