// Sends the zone of the browser with a sign-in; the first one of an account keeps it.
const field = document.querySelector("[data-time-zone]");
if (field) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
