"""German: every text of tools/messages.py, in its order.

The words are Blender's own German ones where it has them. People are not addressed: what is to be
done stands in the infinitive. Buttons are named in „…“, as they are called here.
"""

WORDS: dict[str, str] = {
    "#{position} in the queue": "Platz {position} in der Warteschlange",
    "1 credit": "1 Credit",
    (
        "1 of {count} parts of the job failed at {service}; something beside the model may be "
        "missing."
    ): (
        "1 von {count} Teilen des Auftrags schlug bei {service} fehl; abgesehen vom Modell kann "
        "etwas fehlen."
    ),
    "1,000.5": "1.000,5",
    "2 credits more": "2 Credits mehr",
    "4K textures, quads times 16; 1 credit more": "4K-Texturen, Vierecke mal 16; 1 Credit mehr",
    "A bake is running.": "Es wird gerade gebacken.",
    "A minute and a half or more; 0.5 credits": "Anderthalb Minuten oder mehr; 0,5 Credits",
    "A new one each time": "Jedes Mal ein neuer",
    "A quick draft: triangles, PBR, 1K texture; 0.5 credits": (
        "Ein schneller Entwurf: Dreiecke, PBR, 1K-Textur; 0,5 Credits"
    ),
    "A render is running.": "Es wird gerade gerendert.",
    "A second one is charged, too.": "Eine zweite wird ebenfalls berechnet.",
    "A web page came back instead of an answer of Triverse.": (
        "Statt einer Antwort von Triverse kam eine Webseite zurück."
    ),
    "API Key": "API-Schlüssel",
    "Add Pictures": "Bilder hinzufügen",
    "Add Pictures…": "Bilder hinzufügen…",
    "Add one to the list.": "Eines zur Liste hinzufügen.",
    "Add-on": "Add-on",
    "All of it is hidden in this scene.": "In dieser Szene ist alles davon ausgeblendet.",
    "Allow invention where the input is unclear": "Erfinden erlauben, wo die Vorlage unklar ist",
    "Also render a better preview picture; this part of a job often fails": (
        "Auch ein besseres Vorschaubild rendern; dieser Teil eines Auftrags schlägt oft fehl"
    ),
    "Another Blender is working on this task.": "Ein anderes Blender arbeitet an dieser Aufgabe.",
    "Another address for Hyper3D Rodin. Leave empty for its own": (
        "Eine andere Adresse für Hyper3D Rodin. Leer lassen für die eigene des Dienstes"
    ),
    "Another address for Triverse. Leave empty for its own": (
        "Eine andere Adresse für Triverse. Leer lassen für die eigene des Dienstes"
    ),
    "Another copy of Maquette is enabled: disable it first.": (
        "Ein anderes Exemplar von Maquette ist aktiviert: Zuerst dieses deaktivieren."
    ),
    "Ask for Balance": "Guthaben abfragen",
    "Ask for Price": "Preis abfragen",
    "Ask the service about the task named in the details.": (
        "Beim Dienst nach der Aufgabe fragen, die in den Details genannt ist."
    ),
    "Ask the service for your balance": "Das eigene Guthaben beim Dienst abfragen",
    "Ask the service once more for the same job. Nothing is charged for that": (
        "Beim Dienst noch einmal nach demselben Auftrag fragen. Dafür wird nichts berechnet"
    ),
    "Ask the service what this would cost. Asking costs nothing": (
        "Beim Dienst abfragen, was dies kosten würde. Die Abfrage kostet nichts"
    ),
    "Ask what to make before it is ordered": (
        "Fragen, was gemacht werden soll, bevor es bestellt wird"
    ),
    "Asymmetric": "Asymmetrisch",
    "At most {limit:,} MiB are fetched.": "Höchstens {limit:,} MiB werden abgeholt.",
    "At most {limit:,} MiB are opened. {advice}": (
        "Höchstens {limit:,} MiB werden geöffnet. {advice}"
    ),
    "At the Cursor": "Am Cursor",
    "Balance": "Guthaben",
    "Balanced": "Ausgewogen",
    "Base color, metallic, roughness and normals": "Grundfarbe, Metallisch, Rauheit und Normalen",
    "Being sent already. Press Generate again for a second model": (
        "Wird schon gesendet. Für ein zweites Modell „Erzeugen“ erneut drücken"
    ),
    "Blender cannot read “{name}” as a picture.": "Blender kann „{name}“ nicht als Bild lesen.",
    "Blender closed before the answer came.": "Blender wurde beendet, bevor die Antwort kam.",
    "Blender found nothing to import in the model.": (
        "Blender fand in dem Modell nichts zu importieren."
    ),
    "Blender has no window, so the model cannot be imported.": (
        "Blender hat kein Fenster, daher kann das Modell nicht importiert werden."
    ),
    "Blender is set to work offline.": "Blender ist auf Offline-Betrieb eingestellt.",
    "Blender is set to work offline. Turn on Allow Online Access in Preferences > System.": (
        "Blender ist auf Offline-Betrieb eingestellt. „Allow Online Access“ (Online-Zugriff "
        "erlauben) unter Einstellungen > System einschalten."
    ),
    "Blender's glTF add-on could not import the model.": (
        "Blenders glTF-Add-on konnte das Modell nicht importieren."
    ),
    "Blender's glTF add-on is disabled, so the model cannot be imported.": (
        "Blenders glTF-Add-on ist deaktiviert, daher kann das Modell nicht importiert werden."
    ),
    "Both are made; Maquette fetches the PBR one": (
        "Beide werden gemacht; Maquette holt das PBR-Modell ab"
    ),
    "Cancel": "Abbrechen",
    "Cancelling…": "Wird abgebrochen…",
    "Change something or wait a little, then press Retry.": (
        "Etwas ändern oder etwas warten, dann „Nochmals versuchen“ drücken."
    ),
    "Change the material or the tier.": "Das Material oder die Stufe ändern.",
    "Change the prompt or use another picture.": (
        "Den Prompt ändern oder ein anderes Bild verwenden."
    ),
    "Change the settings; the details hold the service's own words.": (
        "Die Optionen ändern; die Details enthalten die Worte des Dienstes."
    ),
    "Change them, and report this: Maquette should not have sent it.": (
        "Diese ändern und den Vorfall melden: Maquette hätte das nicht senden dürfen."
    ),
    "Change them; the details hold the service's own words.": (
        "Diese ändern; die Details enthalten die Worte des Dienstes."
    ),
    "Change to a plan that does (Business), or buy API credits, on the service's website.": (
        "Auf der Website des Dienstes zu einem Tarif wechseln, der sie enthält (Business), oder "
        "API-Credits kaufen."
    ),
    "Check its permissions, or choose another.": (
        "Die Zugriffsrechte prüfen oder ein anderes wählen."
    ),
    "Check the add-on's preferences and the environment variable HTTPS_PROXY.": (
        "Die Einstellungen des Add-ons und die Umgebungsvariable HTTPS_PROXY prüfen."
    ),
    "Check the balance and buy more on the service's website.": (
        "Das Guthaben prüfen und auf der Website des Dienstes Credits nachkaufen."
    ),
    "Check the clock and the service URL; a company's proxy may need REQUESTS_CA_BUNDLE.": (
        "Die Uhr und die Dienst-URL prüfen; ein Firmen-Proxy braucht vielleicht REQUESTS_CA_BUNDLE."
    ),
    "Check the disk and the folder.": "Den Datenträger und den Ordner prüfen.",
    "Check the disk, then press Resume to fetch it once more, which costs nothing.": (
        "Den Datenträger prüfen, dann „Fortsetzen“ drücken, um es noch einmal abzuholen; das "
        "kostet nichts."
    ),
    "Check the folder {folder}.": "Den Ordner {folder} prüfen.",
    "Check the key and its plan on the service's website.": (
        "Den Schlüssel und seinen Tarif auf der Website des Dienstes prüfen."
    ),
    "Check the key in the add-on's preferences.": (
        "Den Schlüssel in den Einstellungen des Add-ons prüfen."
    ),
    "Check the key; it comes from the {source}.": (
        "Den Schlüssel prüfen; er stammt von hier: {source}."
    ),
    "Check the network connection and the service URL in the add-on's preferences.": (
        "Die Netzwerkverbindung und die Dienst-URL in den Einstellungen des Add-ons prüfen."
    ),
    "Check the service URL in the add-on's preferences.": (
        "Die Dienst-URL in den Einstellungen des Add-ons prüfen."
    ),
    "Choose a picture in it.": "Ein Bild darin wählen.",
    "Choose another file.": "Eine andere Datei wählen.",
    "Choose another in the preferences.": "In den Einstellungen einen anderen wählen.",
    "Choose another picture.": "Ein anderes Bild wählen.",
    "Choose another.": "Ein anderes wählen.",
    "Choose it again or remove it.": "Es neu wählen oder entfernen.",
    "Choose other output settings for the next one, or report it to the service.": (
        "Für das nächste andere Ausgabe-Optionen wählen oder es dem Dienst melden."
    ),
    "Choose pictures of what to make. They are copied when you press Generate, not before": (
        "Bilder von dem wählen, was gemacht werden soll. Sie werden kopiert, wenn „Erzeugen“ "
        "gedrückt wird, nicht vorher"
    ),
    "Clean, small props; 0.5 credits": "Saubere, kleine Requisiten; 0,5 Credits",
    "Clear Pictures": "Bilderliste leeren",
    "Clear it or the pictures.": "Ihn oder die Bilder entfernen.",
    "Clear it, or set Output to Textured Model.": (
        "Ihn leeren oder „Ausgabe“ auf „Texturiertes Modell“ stellen."
    ),
    "Clear it.": "Ihn leeren.",
    "Clear one of the two.": "Eines von beiden entfernen.",
    "Close": "Schließen",
    "Close it and try again.": "Es schließen und neu versuchen.",
    (
        "Connect its drive or choose another in the preferences, then press Resume: nothing is "
        "lost."
    ): (
        "Sein Laufwerk anschließen oder in den Einstellungen einen anderen wählen, dann "
        "„Fortsetzen“ drücken: Es ist nichts verloren."
    ),
    "Copied to the clipboard": "In die Zwischenablage kopiert",
    "Copy Details": "Details kopieren",
    "Copy it again from the service's page into the add-on's preferences.": (
        "Ihn noch einmal von der Seite des Dienstes in die Einstellungen des Add-ons kopieren."
    ),
    "Copy the details into a report.": "Die Details in einen Fehlerbericht kopieren.",
    "Copy what went wrong to the clipboard, for a report. Your prompt and keys are not in it": (
        "Was schiefging, in die Zwischenablage kopieren, für einen Fehlerbericht. Prompt und "
        "Schlüssel sind nicht darin"
    ),
    "Correct or remove that environment variable.": (
        "Diese Umgebungsvariable berichtigen oder entfernen."
    ),
    "Creative": "Kreativ",
    "Cut the object out along the picture's own transparency": (
        "Das Objekt entlang der Transparenz des Bildes ausschneiden"
    ),
    "Delete {file} and enter your keys again.": "{file} löschen und die Schlüssel neu eingeben.",
    "Dense and close to the generated shape": "Dicht und nah an der erzeugten Form",
    "Directions": "Richtungen",
    "Directions: {word!r} is not one.": "Richtungen: „{word}“ ist keine.",
    "Do Not Send": "Nicht senden",
    "Down": "Herunter",
    "Downloading": "Wird geladen",
    "Edit Maquette's Form": "Maquettes Formular bearbeiten",
    "Effort put into the texture": "Aufwand für die Textur",
    "Enable “glTF 2.0 format” under Preferences > Add-ons and press Import.": (
        "„glTF 2.0 format“ unter Einstellungen > Add-Ons aktivieren und „Importieren“ drücken."
    ),
    "Enter Key…": "Schlüssel eingeben…",
    "Enter those again and press Resume: it is charged once.": (
        "Diese wieder eintragen, dann „Fortsetzen“ drücken: Es wird einmal berechnet."
    ),
    "Enter yours in the add-on's preferences, or set {names} before Blender starts.": (
        "Den eigenen in den Einstellungen des Add-ons eingeben oder {names} setzen, bevor Blender "
        "startet."
    ),
    "Equal orders within a short time count as one: wait, or change something.": (
        "Gleiche Bestellungen in kurzer Zeit zählen als eine: warten oder etwas ändern."
    ),
    "Extra Low": "Besonders niedrig",
    "Extreme High": "Extrem hoch",
    "Extreme Low": "Extrem niedrig",
    "Faces": "Flächen",
    "Failed": "Fehlgeschlagen",
    "Faithful": "Vorlagentreu",
    "Faster, at lower quality": "Schneller, bei geringerer Qualität",
    "Fastest; 0.5 credits": "Am schnellsten; 0,5 Credits",
    "Finer detail in the shape": "Feinere Details in der Form",
    "Finest detail; 1 credit": "Feinste Details; 1 Credit",
    "Free some space, then press Resume: nothing is lost.": (
        "Platz schaffen, dann „Fortsetzen“ drücken: Es ist nichts verloren."
    ),
    "Free some space.": "Platz schaffen.",
    "Gen-1.5 with more detail; 0.5 credits": "Gen-1.5 mit mehr Details; 0,5 Credits",
    "Gen-1.5, about a minute; 0.5 credits": "Gen-1.5, etwa eine Minute; 0,5 Credits",
    "Gen-1.5, clearer and sharper; 0.5 credits": "Gen-1.5, klarer und schärfer; 0,5 Credits",
    "Gen-2.5 only; the documentation says no more about it": (
        "Nur Gen-2.5; mehr sagt die Dokumentation darüber nicht"
    ),
    "Generate": "Erzeugen",
    "Generate 3D from This Image": "3D aus diesem Bild erzeugen",
    "Generate 3D from This Image…": "3D aus diesem Bild erzeugen…",
    "Generate 3D model": "3D-Modell erzeugen",
    "Generate Again": "Erneut erzeugen",
    "Generate Again?": "Erneut erzeugen?",
    "Generate Again…": "Erneut erzeugen…",
    "Generate again, so that a picture is sent anew; else check the service URL.": (
        "Erneut erzeugen, damit ein Bild neu gesendet wird; sonst die Dienst-URL prüfen."
    ),
    "Generate again.": "Erneut erzeugen.",
    "Generate again; check the balance for what the first one cost.": (
        "Erneut erzeugen; am Guthaben prüfen, was der erste Auftrag gekostet hat."
    ),
    "Generating": "Wird erzeugt",
    "Geometry only": "Nur Geometrie",
    "Geometry with textures": "Geometrie mit Texturen",
    "Get a Key": "Schlüssel holen",
    "Get a Key from {service}": "Schlüssel von {service} holen",
    "Go on with the same job. Nothing is charged for that": (
        "Mit demselben Auftrag weitermachen. Dafür wird nichts berechnet"
    ),
    "HD Texture": "HD-Textur",
    "Have a service make a model from a picture, and put it into the scene at the 3D cursor": (
        "Von einem Dienst ein Modell aus einem Bild machen lassen und am 3D-Cursor in die Szene "
        "stellen"
    ),
    "Have a service make a model from the image shown here, and put it at the 3D cursor": (
        "Von einem Dienst ein Modell aus dem hier gezeigten Bild machen lassen und an den "
        "3D-Cursor stellen"
    ),
    "Have a service make a model from words, and put it into the scene at the 3D cursor": (
        "Von einem Dienst ein Modell aus Worten machen lassen und am 3D-Cursor in die Szene stellen"
    ),
    "Have the service make this, and put it into the scene at the 3D cursor": (
        "Dies vom Dienst machen lassen und am 3D-Cursor in die Szene stellen"
    ),
    "Height (cm)": "Höhe (cm)",
    "Height in the real world, in centimeters; 0: not told": (
        "Höhe in der Wirklichkeit, in Zentimetern; 0: keine Angabe"
    ),
    "High": "Hoch",
    "High quality; 0.5 credits": "Hohe Qualität; 0,5 Credits",
    "How closely the shape follows what was sent": (
        "Wie genau die Form dem folgt, was gesendet wurde"
    ),
    (
        "How long a task is watched before it rests until you press Resume. The service may go on "
        "meanwhile"
    ): (
        "Wie lange eine Aufgabe beobachtet wird; danach ruht sie, bis „Fortsetzen“ gedrückt wird. "
        "Der Dienst macht derweil vielleicht weiter"
    ),
    (
        "How many faces. Quads: 50k, 18k, 8k, 4k. Triangles: 500k, 150k, 20k, 2k with Gen-2 and "
        "1M, 500k, 60k, 20k with Gen-2.5"
    ): (
        "Wie viele Flächen. Vierecke: 50k, 18k, 8k, 4k. Dreiecke: 500k, 150k, 20k, 2k mit Gen-2 "
        "und 1M, 500k, 60k, 20k mit Gen-2.5"
    ),
    "How the list calls it": "Wie es in der Liste heißt",
    "How the surface is built. A GLB holds triangles in any case": (
        "Wie die Oberfläche aufgebaut ist. Ein GLB enthält in jedem Fall Dreiecke"
    ),
    "Hybrid": "Hybrid",
    "Hybrid material is made by the Gen-2.5 tiers only.": (
        "Hybrid-Material machen nur die Stufen von Gen-2.5."
    ),
    "Image": "Bild",
    "Import": "Importieren",
    "Import Again": "Erneut importieren",
    "Import Model": "Modell importieren",
    "Import When Ready": "Importieren, wenn bereit",
    "Import brings it in directly: Blender stands still meanwhile.": (
        "„Importieren“ holt es direkt herein: Blender steht solange still."
    ),
    "Import brings it in directly: save your work first.": (
        "„Importieren“ holt es direkt herein: vorher die Arbeit speichern."
    ),
    "Import puts it here.": "„Importieren“ stellt es hierher.",
    "Imported": "Importiert",
    "Imported directly: Blender could not start another in the background ({error}).": (
        "Direkt importiert: Blender konnte im Hintergrund kein zweites starten ({error})."
    ),
    "Imported directly: Maquette was updated or removed by another Blender. Restart this one.": (
        "Direkt importiert: Ein anderes Blender hat Maquette aktualisiert oder entfernt. Dieses "
        "neu starten."
    ),
    (
        "Imported directly: a Blender from the Microsoft Store cannot start another in the "
        "background."
    ): (
        "Direkt importiert: Ein Blender aus dem Microsoft Store kann im Hintergrund kein zweites "
        "starten."
    ),
    "Imported directly: the temporary folder cannot be used ({error}).": (
        "Direkt importiert: Der temporäre Ordner ist nicht nutzbar ({error})."
    ),
    "Imported directly: this Blender has no program to start in the background.": (
        "Direkt importiert: Dieses Blender hat kein Programm, das im Hintergrund starten könnte."
    ),
    "Importing…": "Wird importiert…",
    "In use: {source}": "In Gebrauch: {source}",
    "Install that version again to see it.": "Diese Version wieder installieren, um sie zu sehen.",
    "It has {names}.": "Es gibt: {names}.",
    "It is being prepared in the background and comes by itself.": (
        "Es wird im Hintergrund vorbereitet und kommt von selbst."
    ),
    "It is in {path}": "Es liegt in {path}",
    "It is not known where the picture “{name}” is.": (
        "Es ist nicht bekannt, wo das Bild „{name}“ liegt."
    ),
    "It is not known whether {service} took this job. {trouble}": (
        "Es ist nicht bekannt, ob {service} diesen Auftrag angenommen hat. {trouble}"
    ),
    "It stays in the library: {folder}": "Es bleibt in der Bibliothek: {folder}",
    "It was not sent before Blender closed.": "Vor dem Beenden von Blender nicht mehr gesendet.",
    (
        "It was sent at {time}. Your balance was {before} credits before that and is {after} "
        "now: look for other jobs of that time before you send it again, which is charged again."
    ): (
        "Gesendet um {time}. Das Guthaben betrug davor {before} Credits und beträgt jetzt "
        "{after}: vor erneutem Senden, das erneut berechnet wird, nach anderen Aufträgen dieser "
        "Zeit sehen."
    ),
    "Its colors show in Material Preview": "Die Farben sieht man in „Materialbeispiel“",
    "Its documentation may explain this.": "Seine Dokumentation erklärt dies vielleicht.",
    "Its model was not imported yet.": "Ihr Modell wurde noch nicht importiert.",
    "Its scene “{scene}” is gone; Import puts it here": (
        "Seine Szene „{scene}“ gibt es nicht mehr; „Importieren“ stellt es hierher"
    ),
    "Keep to the picture or prompt": "An Bild oder Prompt halten",
    "Kept": "Aufbewahrt",
    "Keys are stored unencrypted in a file only you can read: {file}": (
        "Schlüssel liegen unverschlüsselt in einer Datei, die nur das eigene Benutzerkonto lesen "
        "kann: {file}"
    ),
    "Leave Local View to see it": "Zu sehen ist es außerhalb der lokalen Ansicht",
    "Leave this mode first: objects are selected in Object Mode.": (
        "Zuerst diesen Modus verlassen: Objekte werden im Objektmodus ausgewählt."
    ),
    "Leave {mode} first.": "Zuerst „{mode}“ verlassen.",
    "Left to the service": "Dem Dienst überlassen",
    "Legacy": "Veraltet",
    "Let human figures stand in a T or A pose, ready for rigging": (
        "Menschliche Figuren in T- oder A-Pose stellen, bereit zum Rigging"
    ),
    "Library Folder": "Bibliotheksordner",
    "Look Again": "Nachsehen",
    (
        "Look at your balance or job list at {service} before you send it again: if the job was "
        "taken, sending it again is charged again."
    ): (
        "Vor dem erneuten Senden bei {service} Guthaben oder Auftragsliste ansehen: Wurde der "
        "Auftrag angenommen, wird erneutes Senden noch einmal berechnet."
    ),
    "Look at your balance or job list before you send it again.": (
        "Vor erneutem Senden Guthaben oder Auftragsliste ansehen."
    ),
    "Low": "Niedrig",
    "Made for a file that was not saved; Import puts it here": (
        "Gemacht für eine nicht gespeicherte Datei; „Importieren“ stellt es hierher"
    ),
    "Made for {file}; Import puts it here": "Gemacht für {file}; „Importieren“ stellt es hierher",
    "Make it smaller; at most 2,048 pixels a side are sent anyway.": (
        "Es verkleinern; mehr als 2.048 Pixel je Seite werden ohnehin nicht gesendet."
    ),
    "Maquette cannot talk to services: the Python package 'requests' is missing.": (
        "Maquette kann nicht mit Diensten sprechen: Das Python-Paket „requests“ fehlt."
    ),
    (
        "Maquette could not import this model ({error}). It is safe in the library; the system "
        "console holds the details."
    ): (
        "Maquette konnte dieses Modell nicht importieren ({error}). Es liegt sicher in der "
        "Bibliothek; Details stehen in der Systemkonsole."
    ),
    "Maquette could not send this order ({error}).": (
        "Maquette konnte diesen Auftrag nicht senden ({error})."
    ),
    "Maquette made a mistake.": "Maquette hat einen Fehler gemacht.",
    "Maquette was updated or removed by another Blender. Restart this one.": (
        "Ein anderes Blender hat Maquette aktualisiert oder entfernt. Dieses neu starten."
    ),
    "Maquette will not be able to fetch it any more.": (
        "Maquette wird das Ergebnis nicht mehr holen können."
    ),
    "Maquette will not know of it any more.": "Maquette wird nichts mehr davon wissen.",
    "Maquette: {counts}": "Maquette: {counts}",
    "Material": "Material",
    "Medium": "Mittel",
    "Mesh": "Masche",
    "Micro Detail": "Mikrodetails",
    "Model Version": "Modellversion",
    "Model from Picture": "Modell aus Bild",
    "Model from Picture…": "Modell aus Bild…",
    "Model from Prompt": "Modell aus Prompt",
    "Model from Prompt…": "Modell aus Prompt…",
    "Model from picture": "Modell aus Bild",
    "Model from pictures": "Modell aus Bildern",
    (
        "Models are kept in {folder}. Blender removes this folder when the extension is "
        "uninstalled; choose one of your own to keep them"
    ): (
        "Modelle werden in {folder} aufbewahrt. Blender löscht diesen Ordner, wenn die Erweiterung "
        "deinstalliert wird; um die Modelle zu behalten, einen eigenen Ordner wählen"
    ),
    "Moderate complexity; 0.5 credits": "Mittlere Komplexität; 0,5 Credits",
    "Move Picture": "Bild verschieben",
    "Move the selected picture. They are sent in the order of the list": (
        "Das ausgewählte Bild verschieben. Die Bilder werden in der Reihenfolge der Liste gesendet"
    ),
    "Name": "Name",
    "Name one direction for each picture, or none.": (
        "Für jedes Bild eine Richtung nennen, oder gar keine."
    ),
    "Name one for each picture; ? is for unknown.": (
        "Für jedes Bild eine nennen; ? steht für unbekannt."
    ),
    "Negative Prompt": "Negativ-Prompt",
    "No image is open in this editor": "In diesem Editor ist kein Bild geöffnet",
    "None": "Keine",
    "Not Told": "Keine Angabe",
    "Not Used Here ({count})": "Hier nicht verwendet ({count})",
    "Not confirmed": "Nicht bestätigt",
    "Not watched any more after {time}.": "Wird nicht mehr beobachtet: {time} sind vorbei.",
    "Not watched any more.": "Wird nicht mehr beobachtet.",
    "Nothing is being prepared any more. What was sent stands in the list": (
        "Es wird nichts mehr vorbereitet. Was gesendet wurde, steht in der Liste"
    ),
    "Nothing leaves this computer": "Nichts verlässt diesen Computer",
    "Nothing of this task is in this scene.": "Von dieser Aufgabe ist nichts in dieser Szene.",
    "Nothing was charged. Retry sends it.": (
        "Es wurde nichts berechnet. „Nochmals versuchen“ sendet die Bestellung."
    ),
    "Nothing was sent": "Nichts wurde gesendet",
    "Number of faces to aim for, instead of a quality; 0: by quality": (
        "Angestrebte Anzahl der Flächen, statt einer Qualität; 0: nach Qualität"
    ),
    "Number of triangles to aim for": "Angestrebte Anzahl der Dreiecke",
    "Older ({count:,})": "Ältere ({count:,})",
    "One Object": "Ein Objekt",
    "One texture with its light baked in": "Eine Textur mit eingebackenem Licht",
    "Only ask the service once more; order nothing": (
        "Nur noch einmal beim Dienst nachfragen; nichts bestellen"
    ),
    "Only the shape": "Nur die Form",
    "Open Folder": "Ordner öffnen",
    "Open another scene and press Import.": "Eine andere Szene öffnen und „Importieren“ drücken.",
    "Open another scene.": "Eine andere Szene öffnen.",
    "Options": "Optionen",
    "Order a new job, which is charged like the first. You are asked before": (
        "Einen neuen Auftrag erteilen, der wie der erste berechnet wird. Vorher wird nachgefragt"
    ),
    "Order it. The service has not taken it yet, so it is charged now": (
        "Bestellen. Der Dienst hat es noch nicht angenommen, es wird also jetzt berechnet"
    ),
    "Output": "Ausgabe",
    "PBR and Shaded": "PBR und Shaded",
    "Paid extras": "Kostenpflichtige Extras",
    "Picture": "Bild",
    "Pictures": "Bilder",
    "Pictures Show": "Auf den Bildern ist",
    "Pictures go up first; credits are held": (
        "Bilder werden zuerst hochgeladen; Credits werden reserviert"
    ),
    "Pictures of the List": "Bilder der Liste",
    "Plain Mesh": "Reine Masche",
    "Polygon Limit": "Polygonlimit",
    "Polygons": "Polygone",
    "Practice: offline, free, not AI": "Zum Üben: offline, kostenlos, keine KI",
    "Preparing Pictures…": "Bilder werden vorbereitet…",
    "Preparing the model in the background took longer than {seconds:.0f} s and was stopped.": (
        "Das Vorbereiten des Modells im Hintergrund dauerte länger als {seconds:.0f} s und wurde "
        "abgebrochen."
    ),
    "Press Retry to fetch it once more, which costs nothing.": (
        "„Nochmals versuchen“ drücken, um es noch einmal abzuholen; das kostet nichts."
    ),
    "Press Retry to fetch it once more; if it stays so, report it to the service.": (
        "„Nochmals versuchen“ drücken, um es noch einmal abzuholen; bleibt es so, dem Dienst "
        "melden."
    ),
    "Price": "Preis",
    "Prompt": "Prompt",
    "Prompt and pictures in one request": "Prompt und Bilder in einer Anfrage",
    "Prompt, pictures and options are sent to {host}": (
        "Prompt, Bilder und Optionen werden an {host} gesendet"
    ),
    "Proportions": "Proportionen",
    "Protocol": "Protokoll",
    (
        "Put a finished model into the scene it was made for, as soon as nothing else is going on "
        "there"
    ): (
        "Ein fertiges Modell in die Szene stellen, für die es gemacht wurde, sobald dort nichts "
        "anderes im Gange ist"
    ),
    (
        "Put it at the 3D cursor of this scene and select it. Otherwise it goes where it was asked "
        "for, and the selection stays"
    ): (
        "Es an den 3D-Cursor dieser Szene stellen und auswählen. Sonst kommt es dorthin, wo es "
        "bestellt wurde, und die Auswahl bleibt"
    ),
    "Put it back there to import.": "Zum Importieren dorthin zurücklegen.",
    "Put this model into the scene at the 3D cursor": (
        "Dieses Modell am 3D-Cursor in die Szene stellen"
    ),
    "Quads": "Vierecke",
    "Quality": "Qualität",
    "Ready": "Bereit",
    "Reduce the triangles after generation": "Die Dreiecke nach dem Erzeugen verringern",
    "Refine the texture afterwards; it may look less like the picture": (
        "Die Textur nachträglich verfeinern; sie kann dem Bild dann weniger gleichen"
    ),
    "Remeshed along the form, with fewer faces": (
        "Entlang der Form neu vernetzt, mit weniger Flächen"
    ),
    "Remove": "Entfernen",
    "Remove Light": "Licht entfernen",
    "Remove Picture": "Bild entfernen",
    "Remove This Task?": "Diese Aufgabe entfernen?",
    "Remove some pictures from the list.": "Einige Bilder aus der Liste entfernen.",
    "Render first.": "Zuerst rendern.",
    "Rendered Preview": "Render-Vorschau",
    "Report this to the service.": "Dies dem Dienst melden.",
    "Restart Blender; if it stays so, install Maquette again from its zip.": (
        "Blender neu starten; bleibt es so, Maquette aus seiner Zip-Datei neu installieren."
    ),
    "Results are kept for 7 days; after that it has to be made anew.": (
        "Ergebnisse werden 7 Tage aufbewahrt; danach muss das Modell neu gemacht werden."
    ),
    "Resume": "Fortsetzen",
    "Resume fetches the result.": "„Fortsetzen“ holt das Ergebnis.",
    "Resume sends the same order again, which is charged once.": (
        "„Fortsetzen“ sendet dieselbe Bestellung noch einmal; sie wird nur einmal berechnet."
    ),
    "Retry": "Nochmals versuchen",
    "Save it anew from where you have it, or choose another file.": (
        "Dort neu speichern, woher es stammt, oder eine andere Datei wählen."
    ),
    "Save one frame of it.": "Ein Einzelbild daraus speichern.",
    "Save one tile as a picture of its own.": "Eine Kachel als eigenes Bild speichern.",
    "Save the .blend file first, or choose the picture again.": (
        "Zuerst die .blend-Datei speichern oder das Bild neu wählen."
    ),
    "Seed": "Startwert",
    "Select": "Auswählen",
    "Select Objects": "Objekte auswählen",
    "Select what was imported from this task": "Auswählen, was aus dieser Aufgabe importiert wurde",
    "Send nothing: the pictures are still being prepared": (
        "Nichts senden: Die Bilder werden noch vorbereitet"
    ),
    "Send the pictures of the list along": "Die Bilder der Liste mitsenden",
    "Sending": "Wird gesendet",
    "Sending picture {number} of {count}": "Bild {number} von {count} wird gesendet",
    "Service": "Dienst",
    "Service URL": "Dienst-URL",
    "Service's Default": "Dienst-Vorgabe",
    "Set the service URL back in the add-on's preferences to go on with it.": (
        "Zum Weitermachen die Dienst-URL in den Einstellungen des Add-ons zurückstellen."
    ),
    "Several Objects": "Mehrere Objekte",
    "Shape": "Form",
    "Show the model's folder in the library": "Den Ordner des Modells in der Bibliothek zeigen",
    "Simplify": "Vereinfachen",
    "Size: {size}": "Größe: {size}",
    "Sketch always makes PBR": "Sketch macht immer PBR",
    "Sketch always makes triangles": "Sketch macht immer Dreiecke",
    "Sketch has a fixed number of faces": "Sketch hat eine feste Anzahl von Flächen",
    "Sketch is always of medium quality": "Sketch hat immer mittlere Qualität",
    "Sketch takes no add-on": "Sketch nimmt kein Add-on",
    "Smooth Mesh": "Masche glätten",
    "Smooth the quads after generation": "Die Vierecke nach dem Erzeugen glätten",
    "Still older models are in the library folder": (
        "Noch ältere Modelle liegen im Bibliotheksordner"
    ),
    "Stop watching this task. What the service has begun may be charged all the same": (
        "Diese Aufgabe nicht mehr beobachten. Was der Dienst begonnen hat, kann trotzdem berechnet "
        "werden"
    ),
    "Stopped": "Angehalten",
    "Stopped before it was sent.": "Vor dem Senden angehalten.",
    "Stopped before the answer came; the job may have been taken.": (
        "Angehalten, bevor die Antwort kam; der Auftrag wurde vielleicht angenommen."
    ),
    "Subscribe or buy API credits on the service's website.": (
        "Auf der Website des Dienstes ein Abonnement abschließen oder API-Credits kaufen."
    ),
    "Symmetric": "Symmetrisch",
    "Symmetry": "Symmetrie",
    "System Preferences…": "Einstellungen > System…",
    "T/A Pose": "T-/A-Pose",
    "Take all pictures off the list. The files stay": (
        "Alle Bilder von der Liste nehmen. Die Dateien bleiben"
    ),
    "Take the light out of the texture": "Das Licht aus der Textur herausrechnen",
    "Take the selected picture off the list. The file stays": (
        "Das ausgewählte Bild von der Liste nehmen. Die Datei bleibt"
    ),
    "Take this task off the list. Its model stays in the library folder": (
        "Diese Aufgabe von der Liste nehmen. Ihr Modell bleibt im Bibliotheksordner"
    ),
    "Take this task up again": "Diese Aufgabe wieder aufnehmen",
    "Task": "Aufgabe",
    "Tasks": "Aufgaben",
    "Text or one picture to a textured model or a plain mesh. Needs an API key": (
        "Aus Text oder einem Bild wird ein texturiertes Modell oder eine reine Masche. Braucht "
        "einen API-Schlüssel"
    ),
    (
        "Text or up to five pictures to a textured model, by Hyper3D (Deemos). Needs an API key of "
        "a Business plan or with bought credits. The older address "
        "https://hyperhuman.deemos.com/api/v2 can be set as service URL"
    ): (
        "Aus Text oder bis zu fünf Bildern wird ein texturiertes Modell, von Hyper3D (Deemos). "
        "Braucht einen API-Schlüssel eines Business-Tarifs oder mit gekauften Credits. Die ältere "
        "Adresse https://hyperhuman.deemos.com/api/v2 kann als Dienst-URL eingestellt werden"
    ),
    "Texture": "Textur",
    "Texture Size": "Texturgröße",
    "Textured Model": "Texturiertes Modell",
    (
        "The Blender in the background that prepared the model crashed; in this one nothing has "
        "changed."
    ): (
        "Das Blender im Hintergrund ist beim Vorbereiten des Modells abgestürzt; in diesem hat "
        "sich nichts geändert."
    ),
    (
        "The Blender in the background that prepared the pictures crashed or took too long; "
        "nothing was sent."
    ): (
        "Das Blender im Hintergrund, das die Bilder vorbereitete, ist abgestürzt oder brauchte "
        "zu lange; gesendet wurde nichts."
    ),
    "The Sandbox is for practice. For models made by AI, enter the key of a service.": (
        "Die Sandbox ist zum Üben. Für Modelle von einer KI den Schlüssel eines Dienstes eingeben."
    ),
    "The animation is playing: stop it first.": "Die Animation läuft: zuerst anhalten.",
    "The answer could not be read.": "Die Antwort konnte nicht gelesen werden.",
    "The answer of Triverse could not be read.": (
        "Die Antwort von Triverse konnte nicht gelesen werden."
    ),
    "The answer of Triverse names no task that could be watched.": (
        "Die Antwort von Triverse nennt keine Aufgabe, die beobachtet werden könnte."
    ),
    "The answer of {service} could not be read.": (
        "Die Antwort von {service} konnte nicht gelesen werden."
    ),
    "The answer of {service} names no job that could be watched.": (
        "Die Antwort von {service} nennt keinen Auftrag, der beobachtet werden könnte."
    ),
    "The answer of {service} was cut off on the way.": (
        "Die Antwort von {service} wurde unterwegs abgeschnitten."
    ),
    "The balance is lower than the price.": "Das Guthaben ist niedriger als der Preis.",
    "The certificates named by REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE cannot be read.": (
        "Die Zertifikate, die REQUESTS_CA_BUNDLE oder CURL_CA_BUNDLE nennt, können nicht gelesen "
        "werden."
    ),
    "The connection broke off.": "Die Verbindung brach ab.",
    "The damaged file is kept: {file}": "Die beschädigte Datei bleibt erhalten: {file}",
    "The details hold what it said.": "Seine Antwort steht in den Details.",
    "The disk is full, so a task cannot be noted down.": (
        "Der Datenträger ist voll, daher kann eine Aufgabe nicht notiert werden."
    ),
    "The disk is full.": "Der Datenträger ist voll.",
    "The download became too slow to ever end.": "Der Download wurde zu langsam, um je zu enden.",
    "The download has to begin again.": "Der Download muss von vorn beginnen.",
    "The download was cut off on the way.": "Der Download wurde unterwegs abgeschnitten.",
    "The downloaded model could not be read.": (
        "Das heruntergeladene Modell konnte nicht gelesen werden."
    ),
    "The extension's own folder": "Der eigene Ordner der Erweiterung",
    "The file could not be written.": "Die Datei konnte nicht geschrieben werden.",
    "The file of a picture to send along": "Die Datei eines Bildes, das mitgesendet wird",
    "The file stays where it is: {path}": "Die Datei bleibt, wo sie ist: {path}",
    "The file with your keys cannot be read.": (
        "Die Datei mit den Schlüsseln kann nicht gelesen werden."
    ),
    "The folder cannot be written to.": "In den Ordner kann nicht geschrieben werden.",
    "The folder could not be opened: {folder}": "Der Ordner konnte nicht geöffnet werden: {folder}",
    "The generator's version": "Die Version des Generators",
    "The image is not there any more.": "Das Bild ist nicht mehr da.",
    "The job was cancelled at Triverse.": "Der Auftrag wurde bei Triverse abgebrochen.",
    "The key for {service} holds characters that no key has.": (
        "Der Schlüssel für {service} enthält Zeichen, die kein Schlüssel hat."
    ),
    "The kind of material made": "Die Art des Materials",
    "The library folder is not there, nor the one above it.": (
        "Der Bibliotheksordner ist nicht da und der darüber auch nicht."
    ),
    "The library has a thousand folders of one name.": (
        "Die Bibliothek hat tausend Ordner mit einem Namen."
    ),
    "The link to the result is no longer good.": "Der Link zum Ergebnis ist nicht mehr gültig.",
    "The list of pictures is empty": "Die Liste der Bilder ist leer",
    "The list of tasks cannot be written.": "Die Liste der Aufgaben kann nicht geschrieben werden.",
    "The list of tasks could not be used.": "Die Liste der Aufgaben konnte nicht verwendet werden.",
    "The list of tasks is damaged; it is restored from its second record.": (
        "Die Aufgabenliste ist beschädigt; sie wird aus ihrer zweiten Aufzeichnung "
        "wiederhergestellt."
    ),
    "The list of tasks is held by another program.": (
        "Die Liste der Aufgaben wird von einem anderen Programm festgehalten."
    ),
    "The list of tasks was damaged while this one was under way.": (
        "Die Aufgabenliste wurde beschädigt, während diese Aufgabe lief."
    ),
    "The list of tasks was damaged. Tasks restored: {count}.": (
        "Die Aufgabenliste war beschädigt. Wiederhergestellte Aufgaben: {count}."
    ),
    "The list of tasks was gone. Tasks restored: {count}.": (
        "Die Aufgabenliste war verschwunden. Wiederhergestellte Aufgaben: {count}."
    ),
    "The model carries a part of itself as a data: address, which is not read.": (
        "Das Modell enthält einen Teil von sich als data:-Adresse, die nicht gelesen wird."
    ),
    "The model changed while it was looked at.": (
        "Das Modell änderte sich, während es geprüft wurde."
    ),
    "The model could not be prepared in the background ({error}).": (
        "Das Modell konnte im Hintergrund nicht vorbereitet werden ({error})."
    ),
    "The model is cut off: a part of the file is missing.": (
        "Das Modell ist abgeschnitten: Ein Teil der Datei fehlt."
    ),
    "The model is cut off: hardly anything of it arrived.": (
        "Das Modell ist abgeschnitten: Kaum etwas davon kam an."
    ),
    "The model is damaged: {what}.": "Das Modell ist beschädigt: {what}.",
    "The model is gone: {path}": "Das Modell ist weg: {path}",
    "The model is in a form of glTF that Blender cannot read (unknown version).": (
        "Das Modell hat eine Form von glTF, die Blender nicht lesen kann (unbekannte Version)."
    ),
    "The model is in a form of glTF that Blender cannot read (version {version}).": (
        "Das Modell hat eine Form von glTF, die Blender nicht lesen kann (Version {version})."
    ),
    "The model is too big for Blender: {what}.": "Das Modell ist zu groß für Blender: {what}.",
    "The model is too big: {size:,} MiB.": "Das Modell ist zu groß: {size:,} MiB.",
    "The model names a file outside itself, which could read files from your computer.": (
        "Das Modell nennt eine Datei außerhalb seiner selbst; damit könnten Dateien dieses "
        "Computers gelesen werden."
    ),
    "The model needs {name}, an addition to glTF that Blender cannot read.": (
        "Das Modell braucht {name}, einen Zusatz zu glTF, den Blender nicht lesen kann."
    ),
    "The model that was prepared in the background cannot be read.": (
        "Das im Hintergrund vorbereitete Modell ist nicht lesbar."
    ),
    "The model's folder is gone: {folder}": "Der Ordner des Modells ist weg: {folder}",
    "The model's size is not a number, so it has no place in a scene.": (
        "Die Größe des Modells ist keine Zahl, daher hat es in einer Szene keinen Platz."
    ),
    "The most polygons the model may have": "Wie viele Polygone das Modell höchstens haben darf",
    "The negative prompt is too long: {count:,} characters.": (
        "Der Negativ-Prompt ist zu lang: {count:,} Zeichen."
    ),
    "The picture “{name}” cannot be opened.": "Das Bild „{name}“ kann nicht geöffnet werden.",
    "The picture “{name}” is cut off: its end is missing.": (
        "Das Bild „{name}“ ist abgeschnitten: Sein Ende fehlt."
    ),
    "The picture “{name}” is empty.": "Das Bild „{name}“ ist leer.",
    "The picture “{name}” is larger than {limit} MB.": (
        "Das Bild „{name}“ ist größer als {limit} MB."
    ),
    "The picture “{name}” is not there any more.": "Das Bild „{name}“ ist nicht mehr da.",
    "The picture's file": "Die Datei des Bildes",
    "The pictures are being prepared.": "Die Bilder werden vorbereitet.",
    "The pictures are too large for {service}.": "Die Bilder sind zu groß für {service}.",
    "The prepared picture could not be written.": (
        "Das vorbereitete Bild konnte nicht geschrieben werden."
    ),
    "The prepared picture is gone.": "Das vorbereitete Bild ist weg.",
    "The prompt is too long: {count:,} characters.": "Der Prompt ist zu lang: {count:,} Zeichen.",
    "The prompt is too short for {service}.": "Der Prompt ist zu kurz für {service}.",
    "The prompt or the picture, and the options, are sent to {host}": (
        "Der Prompt oder das Bild sowie die Optionen werden an {host} gesendet"
    ),
    "The result came compressed in a way that was not asked for.": (
        "Das Ergebnis kam auf eine Weise komprimiert, um die nicht gebeten wurde."
    ),
    "The result could not be fetched this time.": (
        "Das Ergebnis konnte diesmal nicht abgeholt werden."
    ),
    "The result is too big: {size:,} MiB.": "Das Ergebnis ist zu groß: {size:,} MiB.",
    "The result's link leads elsewhere, which is not followed.": (
        "Der Link zum Ergebnis führt anderswohin; dem wird nicht gefolgt."
    ),
    "The same prompt and seed give the same model; -1: a new one each time": (
        "Derselbe Prompt und Startwert ergeben dasselbe Modell; -1: jedes Mal ein neuer"
    ),
    "The same seed and settings give a similar model; -1: a new one each time": (
        "Derselbe Startwert und dieselben Optionen ergeben ein ähnliches Modell; -1: jedes Mal ein "
        "neuer"
    ),
    "The scene it was made for is not open.": (
        "Die Szene, für die es gemacht wurde, ist nicht geöffnet."
    ),
    "The scene it was to come to is gone.": "Die Szene, in die es kommen sollte, ist weg.",
    "The scene “{scene}” cannot be changed.": "Die Szene „{scene}“ kann nicht geändert werden.",
    "The scene “{scene}” is a library override and cannot take new objects.": (
        "Die Szene „{scene}“ ist eine Bibliotheksüberschreibung und kann keine neuen Objekte "
        "aufnehmen."
    ),
    "The scene “{scene}” is linked from another file and cannot be changed here.": (
        "Die Szene „{scene}“ ist aus einer anderen Datei verknüpft und kann hier nicht geändert "
        "werden."
    ),
    "The service": "Der Dienst",
    "The service handed out a link that is not safe to follow.": (
        "Der Dienst gab einen Link heraus, dem nicht gefahrlos gefolgt werden kann."
    ),
    "The service has taken it.": "Der Dienst hat sie angenommen.",
    "The service listed no model.": "Der Dienst führte kein Modell auf.",
    "The service may have taken it.": "Der Dienst hat sie vielleicht angenommen.",
    "The service sent a message instead of a model.": (
        "Der Dienst sandte eine Meldung statt eines Modells."
    ),
    "The service sent a picture instead of a model.": (
        "Der Dienst sandte ein Bild statt eines Modells."
    ),
    "The service sent a web page instead of a model.": (
        "Der Dienst sandte eine Webseite statt eines Modells."
    ),
    "The service sent a zip archive instead of a model.": (
        "Der Dienst sandte ein Zip-Archiv statt eines Modells."
    ),
    "The service sent an empty file instead of a model.": (
        "Der Dienst sandte eine leere Datei statt eines Modells."
    ),
    "The service sent something that is not a GLB model.": (
        "Der Dienst sandte etwas, das kein GLB-Modell ist."
    ),
    "The service whose protocol is spoken, to practise with it": (
        "Der Dienst, dessen Protokoll gesprochen wird, um damit zu üben"
    ),
    "The service's model generation and its effort": (
        "Modellgeneration des Dienstes und ihr Aufwand"
    ),
    "The session_uid of an image to send along": (
        "Die session_uid eines Bildes, das mitgesendet wird"
    ),
    "The stored number of this job is not one of Triverse.": (
        "Die gespeicherte Nummer dieses Auftrags ist keine von Triverse."
    ),
    "The {service} account of this key has no active subscription.": (
        "Das Konto dieses Schlüssels bei {service} hat kein aktives Abonnement."
    ),
    "The {service} plan of this key does not include the API.": (
        "Der Tarif dieses Schlüssels bei {service} enthält die API nicht."
    ),
    "Their features are merged into one": "Ihre Merkmale werden zu einem verschmolzen",
    "There are not enough credits left at Triverse.": (
        "Bei Triverse sind nicht mehr genug Credits vorhanden."
    ),
    "There are not enough credits left at {service}.": (
        "Bei {service} sind nicht mehr genug Credits vorhanden."
    ),
    "There are {directions} directions for {pictures} pictures.": (
        "Anzahl der Richtungen: {directions}, der Bilder: {pictures}."
    ),
    "There are: {names}.": "Es gibt: {names}.",
    "There is no service called {name!r}.": "Es gibt keinen Dienst namens „{name}“.",
    "There is nothing to make a model from.": (
        "Es gibt nichts, woraus ein Modell gemacht werden könnte."
    ),
    "There is nothing to take up again.": "Es gibt nichts wieder aufzunehmen.",
    "This job was started at an unknown place, and the service URL now leads to {here}.": (
        "Dieser Auftrag wurde an unbekannter Stelle begonnen, und die Dienst-URL führt jetzt zu "
        "{here}."
    ),
    "This job was started at {there}, and the service URL now leads to {here}.": (
        "Dieser Auftrag wurde bei {there} begonnen, und die Dienst-URL führt jetzt zu {here}."
    ),
    "This model is not ready yet.": "Dieses Modell ist noch nicht bereit.",
    "This order went to {service} with another key or service URL than the present ones.": (
        "Dieser Auftrag ging mit einem anderen Schlüssel oder einer anderen Dienst-URL als den "
        "jetzigen an {service}."
    ),
    "This task has ended already.": "Diese Aufgabe ist schon beendet.",
    "This task has no model yet.": "Diese Aufgabe hat noch kein Modell.",
    "This task is no longer in the list.": "Diese Aufgabe ist nicht mehr in der Liste.",
    "This task is still under way: cancel it first.": "Diese Aufgabe läuft noch: zuerst abbrechen.",
    "This task was changed by another Blender.": (
        "Diese Aufgabe wurde von einem anderen Blender geändert."
    ),
    "Tier": "Stufe",
    "Triangles": "Dreiecke",
    "Triverse cannot run this kind of task.": (
        "Triverse kann diese Art von Aufgabe nicht ausführen."
    ),
    "Triverse cannot tell this yet.": "Triverse kann das noch nicht sagen.",
    "Triverse could not make this model.": "Triverse konnte dieses Modell nicht machen.",
    "Triverse could not make this model: {said}": (
        "Triverse konnte dieses Modell nicht machen: {said}"
    ),
    "Triverse could not store the request.": "Triverse konnte die Anfrage nicht speichern.",
    "Triverse did not accept one of the settings.": (
        "Triverse hat eine der Optionen nicht angenommen."
    ),
    "Triverse did not accept the key.": "Triverse hat den Schlüssel nicht angenommen.",
    "Triverse did not say how the job is going.": (
        "Triverse hat nicht gesagt, wie es um den Auftrag steht."
    ),
    "Triverse did not say the balance.": "Triverse hat das Guthaben nicht genannt.",
    "Triverse did not say where it put the picture.": (
        "Triverse hat nicht gesagt, wo es das Bild abgelegt hat."
    ),
    "Triverse does not find something that the request names.": (
        "Triverse findet etwas nicht, das die Anfrage nennt."
    ),
    "Triverse does not know this job, or keeps its files no longer.": (
        "Triverse kennt diesen Auftrag nicht oder bewahrt seine Dateien nicht mehr auf."
    ),
    "Triverse does not know this task.": "Triverse kennt diese Aufgabe nicht.",
    "Triverse does not offer this kind of task.": "Triverse bietet diese Art von Aufgabe nicht an.",
    "Triverse does not show the new job yet.": "Triverse zeigt den neuen Auftrag noch nicht.",
    "Triverse does not take this file.": "Triverse nimmt diese Datei nicht.",
    "Triverse finished without files.": "Triverse wurde ohne Dateien fertig.",
    "Triverse gets too many requests just now, or its queue is full.": (
        "Triverse bekommt gerade zu viele Anfragen, oder seine Warteschlange ist voll."
    ),
    "Triverse has no files of this task.": "Triverse hat keine Dateien dieser Aufgabe.",
    "Triverse has trouble and gave no proper answer.": (
        "Triverse hat Schwierigkeiten und gab keine richtige Antwort."
    ),
    "Triverse is not available just now.": "Triverse ist gerade nicht verfügbar.",
    "Triverse refused the prompt or the picture for its content.": (
        "Triverse hat den Prompt oder das Bild wegen des Inhalts abgelehnt."
    ),
    "Triverse refused the request: {said}": "Triverse hat die Anfrage abgelehnt: {said}",
    "Triverse takes a negative prompt for textured models only.": (
        "Triverse nimmt einen Negativ-Prompt nur für texturierte Modelle."
    ),
    "Triverse takes no proportions": "Triverse nimmt keine Proportionen",
    "Triverse takes no seed": "Triverse nimmt keinen Startwert",
    "Triverse takes this order for one it already has, and does not say which.": (
        "Triverse hält diese Bestellung für eine, die es schon hat, und sagt nicht, welche."
    ),
    "Try again with other settings; check the balance for what it cost.": (
        "Es mit anderen Optionen neu versuchen; am Guthaben prüfen, was der Auftrag gekostet hat."
    ),
    "Try again.": "Noch einmal versuchen.",
    "Try another prompt or picture. The credits of a failed job are given back.": (
        "Einen anderen Prompt oder ein anderes Bild versuchen. Die Credits eines fehlgeschlagenen "
        "Auftrags werden zurückgegeben."
    ),
    (
        "Try another prompt or picture. Whether the credits come back is not documented: check the "
        "balance."
    ): (
        "Einen anderen Prompt oder ein anderes Bild versuchen. Ob die Credits zurückkommen, ist "
        "nicht dokumentiert: bitte das Guthaben prüfen."
    ),
    "Turn on Allow Online Access in Preferences > System.": (
        "„Allow Online Access“ (Online-Zugriff erlauben) unter Einstellungen > System einschalten."
    ),
    "Type a prompt or add a picture.": "Einen Prompt eingeben oder ein Bild hinzufügen.",
    "Type a prompt.": "Einen Prompt eingeben.",
    "Type at least {count} characters.": "Mindestens {count} Zeichen eingeben.",
    "Unknown": "Unbekannt",
    "Up": "Hoch",
    "Use Transparency": "Transparenz nutzen",
    "Use a PNG, JPEG, WebP, TIFF or plain OpenEXR file.": (
        "Eine PNG-, JPEG-, WebP-, TIFF- oder einfache OpenEXR-Datei verwenden."
    ),
    "Use another picture.": "Ein anderes Bild verwenden.",
    "Use another picture: one object, whole, on a plain background.": (
        "Ein anderes Bild verwenden: ein Objekt, vollständig, vor einfarbigem Hintergrund."
    ),
    "Use fewer or smaller ones.": "Weniger oder kleinere verwenden.",
    "Use {low:,} to {high:,} with these settings.": (
        "Mit diesen Optionen {low:,} bis {high:,} verwenden."
    ),
    "Use {values}.": "Möglich: {values}.",
    "Use {words}, separated by commas.": "{words} verwenden, durch Kommas getrennt.",
    "Views of the same object": "Ansichten desselben Objekts",
    "Wait until it is done.": "Warten, bis das Rendern fertig ist.",
    "Waiting": "Wartet",
    "Watch for (min)": "Beobachten (min)",
    (
        "What each picture shows, in their order and separated by commas: F, FL, FR, L, R, B, BL, "
        "BR, U, D or ? (front, left, right, back, up, down, unknown). Empty: not told"
    ): (
        "Was jedes Bild zeigt, in ihrer Reihenfolge und durch Kommas getrennt: F, FL, FR, L, R, B, "
        "BL, BR, U, D oder ? (F vorne, L links, R rechts, B hinten, U oben, D unten, ? unbekannt). "
        "Leer: keine Angabe"
    ),
    "What is made": "Was gemacht wird",
    "What several pictures are to each other": "Was mehrere Bilder miteinander zu tun haben",
    "What to leave out": "Was fehlen soll",
    "What to leave out, in words": "Was fehlen soll, in Worten",
    "What to make": "Was gemacht werden soll",
    "What to make, in words": "Was gemacht werden soll, in Worten",
    "What you generate appears here": "Was erzeugt wird, erscheint hier",
    "Where finished models are kept. Leave empty for the extension's own folder": (
        "Wo fertige Modelle aufbewahrt werden. Leer lassen für den eigenen Ordner der Erweiterung"
    ),
    "Whether its credits come back is not documented: check the balance.": (
        "Ob seine Credits zurückkommen, ist nicht dokumentiert: bitte das Guthaben prüfen."
    ),
    "Whether the object is symmetric": "Ob das Objekt symmetrisch ist",
    "Who makes the model": "Wer das Modell macht",
    (
        "Width (X), height (Y) and length (Z) of the box the model should fill; only proportions "
        "matter; the documentation disagrees about the order of axes. 0, 0, 0: free"
    ): (
        "Breite (X), Höhe (Y) und Länge (Z) des Kastens, den das Modell füllen soll; nur die "
        "Proportionen zählen; über die Reihenfolge der Achsen ist sich die Dokumentation nicht "
        "einig. 0, 0, 0: frei"
    ),
    "Width and height of the textures, in pixels": "Breite und Höhe der Texturen, in Pixeln",
    (
        "Width, height and depth of the box the model should fill; only proportions matter. 0, 0, "
        "0: free"
    ): (
        "Breite, Höhe und Tiefe des Kastens, den das Modell füllen soll; nur die Proportionen "
        "zählen. 0, 0, 0: frei"
    ),
    "Write it like https://host/path in the add-on's preferences.": (
        "In den Einstellungen des Add-ons so schreiben: https://host/pfad."
    ),
    "You have just undone something.": "Gerade wurde etwas rückgängig gemacht.",
    "Your key for Hyper3D Rodin": "Der eigene Schlüssel für Hyper3D Rodin",
    "Your key for Triverse": "Der eigene Schlüssel für Triverse",
    "Your list of tasks was written by a newer Maquette; it is left as it is.": (
        "Die Liste der Aufgaben wurde von einem neueren Maquette geschrieben; sie bleibt, wie sie "
        "ist."
    ),
    "a list in it is not as long as it must be": (
        "Eine Liste darin ist nicht so lang, wie sie sein muss"
    ),
    "a mesh in it has no points": "Eine Masche darin hat keine Punkte",
    "a mesh in it has {count:,} shapes": "Eine Masche darin hat {count:,} Formen",
    "a name in it is not text": "Ein Name darin ist kein Text",
    "a number in it is infinite": "Eine Zahl darin ist unendlich",
    "a number in it is not possible": "Eine Zahl darin ist nicht möglich",
    "a number of faces is set instead": "Stattdessen ist eine Anzahl von Flächen eingestellt",
    "a part of it is missing": "Ein Teil davon fehlt",
    "a part of it is not in the file": "Ein Teil davon ist nicht in der Datei",
    "a part of it is of the wrong kind": "Ein Teil davon ist von falscher Art",
    "a piece of it lies past its end": "Ein Stück davon liegt hinter seinem Ende",
    "a plain mesh has no texture": "Eine reine Masche hat keine Textur",
    "a switch in it is neither on nor off": "Ein Schalter darin ist weder an noch aus",
    "a word in it is unknown": "Ein Wort darin ist unbekannt",
    "about {time}": "etwa {time}",
    "about {time} left": "noch etwa {time}",
    "bytes": "Bytes",
    "environment variable {name}": "Umgebungsvariable {name}",
    "free": "kostenlos",
    "it changes a point that is not there": "Es ändert einen Punkt, der nicht da ist",
    "it changes more points than it has": "Es ändert mehr Punkte, als es hat",
    "it hangs on a bone that is not there": "Es hängt an einem Knochen, der nicht da ist",
    "it has a part twice": "Es hat einen Teil doppelt",
    "it has no description": "Es hat keine Beschreibung",
    "it has variants of nothing": "Es hat Varianten von nichts",
    "it has {count:,} parts": "Es hat {count:,} Teile",
    "it has {count:,} points": "Es hat {count:,} Punkte",
    "it has {count:,} triangles": "Es hat {count:,} Dreiecke",
    "it has {count:,} {things}": "Es hat {count:,} „{things}“",
    "it holds no mesh": "Es enthält keine Masche",
    "it holds no mesh with a surface": "Es enthält keine Masche mit einer Oberfläche",
    "it is for textured models only": "Das gibt es nur für texturierte Modelle",
    "it is full": "er ist voll",
    "it is gone": "er ist nicht mehr da",
    "it needs a picture": "Dafür ist ein Bild nötig",
    "it needs two pictures or more": "Dafür sind zwei oder mehr Bilder nötig",
    "it needs what it does not use": "Es braucht, was es nicht verwendet",
    "it refers to a buffer that is not there": "Es verweist auf einen Puffer, der nicht da ist",
    "it refers to a camera that is not there": "Es verweist auf eine Kamera, die nicht da ist",
    "it refers to a light that is not there": "Es verweist auf ein Licht, das nicht da ist",
    "it refers to a list that is not there": "Es verweist auf eine Liste, die nicht da ist",
    "it refers to a material that is not there": "Es verweist auf ein Material, das nicht da ist",
    "it refers to a mesh that is not there": "Es verweist auf eine Masche, die nicht da ist",
    "it refers to a node that is not there": "Es verweist auf einen Knoten, der nicht da ist",
    "it refers to a picture that is not there": "Es verweist auf ein Bild, das nicht da ist",
    "it refers to a piece that is not there": "Es verweist auf ein Stück, das nicht da ist",
    "it refers to a sampler that is not there": "Es verweist auf einen Sampler, der nicht da ist",
    "it refers to a scene that is not there": "Es verweist auf eine Szene, die nicht da ist",
    "it refers to a skin that is not there": "Es verweist auf eine Haut, die nicht da ist",
    "it refers to a texture that is not there": "Es verweist auf eine Textur, die nicht da ist",
    "it works on quads": "Das wirkt nur auf Vierecke",
    "it works on triangles": "Das wirkt nur auf Dreiecke",
    "its animations have {count:,} keys": "Seine Animationen haben {count:,} Schlüssel",
    "its bones do not match": "Seine Knochen passen nicht zusammen",
    "its compressed points are described in a wrong way": (
        "Seine komprimierten Punkte sind falsch beschrieben"
    ),
    "its compressed points cannot be read": (
        "Seine komprimierten Punkte können nicht gelesen werden"
    ),
    "its description cannot be read": "Seine Beschreibung kann nicht gelesen werden",
    "its description is nested without end": "Seine Beschreibung ist ohne Ende verschachtelt",
    "its description is not one": "Seine Beschreibung ist keine",
    "its description is too long": "Seine Beschreibung ist zu lang",
    "its meshes have too many parts": "Seine Maschen haben zu viele Teile",
    "its nodes are nested without end": "Seine Knoten sind ohne Ende verschachtelt",
    "its nodes go round in a circle": "Seine Knoten laufen im Kreis",
    "its numbers are packed in a way that is not possible": (
        "Seine Zahlen sind auf eine Weise gepackt, die nicht möglich ist"
    ),
    "its parts are out of order": "Seine Teile sind in falscher Reihenfolge",
    "its parts do not add up": "Seine Teile gehen nicht auf",
    "its pieces overlap more than makes sense": "Seine Stücke überlappen mehr, als Sinn ergibt",
    "its points are described in a wrong way": "Seine Punkte sind falsch beschrieben",
    "its points are described unevenly": "Seine Punkte sind ungleichmäßig beschrieben",
    "its repeated parts do not match": "Seine wiederholten Teile passen nicht zusammen",
    "its shapes do not match": "Seine Formen passen nicht zusammen",
    "its triangles are described in a wrong way": "Seine Dreiecke sind falsch beschrieben",
    "its triangles are missing": "Seine Dreiecke fehlen",
    "longer than usual": "länger als üblich",
    "newer tiers always take the pictures for one object": (
        "Neuere Stufen halten die Bilder immer für ein Objekt"
    ),
    "next in the queue": "als Nächstes an der Reihe",
    "not asked yet": "nicht abgefragt",
    "not in this scene": "nicht in dieser Szene",
    "not ready after {seconds:.0f} s": "nach {seconds:.0f} s nicht bereit",
    "not sent yet": "noch nicht gesendet",
    "numbers in it are of the wrong kind": "Zahlen darin sind von falscher Art",
    "one of its animations does not fit": "Eine seiner Animationen passt nicht",
    "one of its animations leads nowhere": "Eine seiner Animationen führt ins Leere",
    "one of its nodes hangs in two places": "Einer seiner Knoten hängt an zwei Stellen",
    "one of its pictures has {width:,} × {height:,} pixels": (
        "Eines seiner Bilder hat {width:,} × {height:,} Pixel"
    ),
    "one of its pictures is made to take long": (
        "Eines seiner Bilder ist so gemacht, dass es lange dauert"
    ),
    "one of its pictures is neither PNG nor JPEG nor WebP": (
        "Eines seiner Bilder ist weder PNG noch JPEG noch WebP"
    ),
    "one of its points is nowhere": "Einer seiner Punkte ist nirgends",
    "one of its shapes does not fit its mesh": "Eine seiner Formen passt nicht zu ihrer Masche",
    "one of its triangles lacks a corner": "Einem seiner Dreiecke fehlt eine Ecke",
    "one of its triangles names a point that is not there": (
        "Eines seiner Dreiecke nennt einen Punkt, der nicht da ist"
    ),
    "only Gen-2 and newer have it": "Das gibt es nur bei Gen-2 und neueren Stufen",
    "only Gen-2.5 Extreme High has it": "Das gibt es nur bei Gen-2.5 Extreme High",
    "only Regular, Detail and Smooth have it": "Das gibt es nur bei Regular, Detail und Smooth",
    "only a model from a picture has it": "Das gibt es nur bei einem Modell aus einem Bild",
    "only the Gen-2.5 tiers have it": "Das gibt es nur bei den Stufen von Gen-2.5",
    "preferences": "Einstellungen",
    "the file is longer than it says": "Die Datei ist länger, als sie angibt",
    "the low Gen-2.5 tiers are always faithful": (
        "Die niedrigen Stufen von Gen-2.5 sind immer vorlagentreu"
    ),
    "the service": "den Dienst",
    "this tier takes no add-on with triangles": "Diese Stufe nimmt mit Dreiecken kein Add-on",
    "triangles of this tier are always of medium quality": (
        "Dreiecke dieser Stufe haben immer mittlere Qualität"
    ),
    "unknown": "unbekannt",
    "until Maquette is uninstalled": "bis zur Deinstallation von Maquette",
    "{amount} so far": "bisher {amount}",
    "{count} credits": "{count} Credits",
    "{count} days": "{count} Tage",
    "{count} not confirmed": "{count} nicht bestätigt",
    "{count} ready": "{count} bereit",
    "{count} running": "{count} in Arbeit",
    "{count} triangles": "{count} Dreiecke",
    "{credits}, by the price list": "{credits}, laut Preisliste",
    "{credits}, {held} more held for running jobs": (
        "{credits}, weitere {held} für laufende Aufträge reserviert"
    ),
    (
        "{failed} of {count} parts of the job failed at {service}; something beside the model may "
        "be missing."
    ): (
        "{failed} von {count} Teilen des Auftrags schlugen bei {service} fehl; abgesehen vom "
        "Modell kann etwas fehlen."
    ),
    "{first} or {last}": "{first} oder {last}",
    "{had} of {whole}": "{had} von {whole}",
    "{label} cannot be used here: {reason}.": (
        "„{label}“ kann hier nicht verwendet werden: {reason}."
    ),
    "{label} cannot be {value!r}.": "„{label}“ kann nicht „{value}“ sein.",
    "{label} is {value:,}, outside its range.": (
        "„{label}“ ist {value:,} und damit außerhalb des Bereichs."
    ),
    "{label} must be a whole number.": "„{label}“ muss eine ganze Zahl sein.",
    "{label} must be on or off.": "„{label}“ muss an oder aus sein.",
    "{label} must be text of up to {count} characters.": (
        "„{label}“ muss Text von bis zu {count} Zeichen sein."
    ),
    "{label} needs {count} whole numbers.": "„{label}“ braucht {count} ganze Zahlen.",
    "{operator} is still running.": "„{operator}“ läuft noch.",
    "{reason} It comes by itself afterwards.": "{reason} Es kommt danach von selbst.",
    "{service} answered with a redirect, which is not followed with a key.": (
        "{service} antwortete mit einer Weiterleitung; ihr wird mit einem Schlüssel nicht gefolgt."
    ),
    "{service} answered with a web page, not with its API.": (
        "{service} antwortete mit einer Webseite, nicht mit seiner API."
    ),
    "{service} cannot take the job yet": "{service} kann den Auftrag noch nicht annehmen",
    "{service} charges the new job like the first.": (
        "{service} berechnet den neuen Auftrag wie den ersten."
    ),
    "{service} could not be reached safely: its certificate was not accepted.": (
        "{service} war nicht sicher erreichbar: Das Zertifikat wurde nicht angenommen."
    ),
    "{service} could not be reached.": "{service} war nicht erreichbar.",
    "{service} could not make this model.": "{service} konnte dieses Modell nicht machen.",
    "{service} could not read the settings: {said}.": (
        "{service} konnte die Optionen nicht lesen: {said}."
    ),
    "{service} did not accept the key.": "{service} hat den Schlüssel nicht angenommen.",
    "{service} did not accept the request (HTTP {status}).": (
        "{service} hat die Anfrage nicht angenommen (HTTP {status})."
    ),
    "{service} did not accept the settings.": "{service} hat die Optionen nicht angenommen.",
    "{service} did not answer.": "{service} hat nicht geantwortet.",
    "{service} did not say the balance.": "{service} hat das Guthaben nicht genannt.",
    "{service} does not allow this key to do that.": (
        "{service} erlaubt das diesem Schlüssel nicht."
    ),
    "{service} does not know this job any more.": "{service} kennt diesen Auftrag nicht mehr.",
    "{service} does not list the model yet.": "{service} führt das Modell noch nicht auf.",
    "{service} finished without a model file.": "{service} wurde ohne Modelldatei fertig.",
    "{service} found no object in the picture.": "{service} hat in dem Bild kein Objekt gefunden.",
    "{service} gets too many requests just now.": "{service} bekommt gerade zu viele Anfragen.",
    "{service} got more directions than pictures.": (
        "{service} hat mehr Richtungen als Bilder bekommen."
    ),
    "{service} has no option {name!r}.": "{service} hat keine Option „{name}“.",
    (
        "{service} has no way to cancel: it may finish the job and charge for it. Resume fetches "
        "the result."
    ): (
        "Bei {service} ist Abbrechen nicht möglich: Der Auftrag wird vielleicht fertiggestellt und "
        "berechnet. „Fortsetzen“ holt das Ergebnis."
    ),
    "{service} has trouble (HTTP {status}).": "{service} hat Schwierigkeiten (HTTP {status}).",
    "{service} is already working on as many jobs as this account may have.": (
        "{service} arbeitet schon an so vielen Aufträgen, wie dieses Konto haben darf."
    ),
    "{service} is sent at most {limit:,}; shorten it.": (
        "An {service} werden höchstens {limit:,} gesendet; bitte kürzen."
    ),
    "{service} knows no group for this key.": "{service} kennt zu diesem Schlüssel keine Gruppe.",
    "{service} knows no user for this key.": "{service} kennt zu diesem Schlüssel keinen Benutzer.",
    "{service} may have taken the first order.": (
        "{service} hat die erste Bestellung vielleicht angenommen."
    ),
    "{service} may still finish it: Resume looks again.": (
        "{service} stellt den Auftrag vielleicht noch fertig: „Fortsetzen“ sieht wieder nach."
    ),
    "{service} named a job and an error, {code}.": (
        "{service} nannte einen Auftrag und einen Fehler, {code}."
    ),
    "{service} needs a key.": "{service} braucht einen Schlüssel.",
    "{service} needs a picture.": "{service} braucht ein Bild.",
    "{service} refused the picture for its content.": (
        "{service} hat das Bild wegen seines Inhalts abgelehnt."
    ),
    "{service} reports an unknown error on its side.": (
        "{service} meldet einen unbekannten Fehler auf seiner Seite."
    ),
    "{service} said no: {said}.": "{service} hat abgelehnt: {said}.",
    "{service} sent an answer that is too long or too slow to be one.": (
        "{service} sandte eine Antwort, die zu lang oder zu langsam ist, um eine zu sein."
    ),
    "{service} takes 1 picture at most, not {count}.": (
        "{service} nimmt höchstens 1 Bild; es sind {count}."
    ),
    "{service} takes a negative prompt with text only.": (
        "{service} nimmt einen Negativ-Prompt nur mit Text."
    ),
    "{service} takes a prompt or a picture, not both.": (
        "{service} nimmt einen Prompt oder ein Bild, nicht beides."
    ),
    "{service} takes it only without pictures": "{service} nimmt ihn nur ohne Bilder",
    "{service} takes no negative prompt.": "{service} nimmt keinen Negativ-Prompt.",
    "{service} takes no pictures at most, not {count}.": (
        "{service} nimmt keine Bilder; es sind {count}."
    ),
    "{service} takes none": "{service} nimmt keinen",
    "{service} takes {limit} pictures at most, not {count}.": (
        "{service} nimmt höchstens {limit} Bilder; es sind {count}."
    ),
    "{service} took the job": "{service} hat den Auftrag angenommen",
    (
        "{service} took this for the same order as the one before: nothing new is made, and "
        "nothing more is charged."
    ): (
        "{service} hielt dies für denselben Auftrag wie den vorigen: Es wird nichts Neues "
        "gemacht und nichts weiter berechnet."
    ),
    "{service} works from the picture alone": "{service} arbeitet nur nach dem Bild",
    "{service}: the service URL has no scheme or no host.": (
        "{service}: Die Dienst-URL hat kein Schema oder keinen Host."
    ),
    "{service}: the service URL holds more than host and path.": (
        "{service}: Die Dienst-URL enthält mehr als Host und Pfad."
    ),
    "{service}: the service URL is not a URL.": "{service}: Die Dienst-URL ist keine URL.",
    "{service}: the service URL is not https, so the key could be read on the way.": (
        "{service}: Die Dienst-URL ist nicht https, daher könnte der Schlüssel unterwegs gelesen "
        "werden."
    ),
    "{service}: the service URL or the proxy's URL cannot be used.": (
        "{service}: Die Dienst-URL oder die URL des Proxys kann nicht verwendet werden."
    ),
    "{trouble} Asking again in {time}.": "{trouble} Neue Nachfrage in {time}.",
    "{trouble} Going on in {time}.": "{trouble} In {time} geht es weiter.",
    "{trouble} It is sent again in {time}.": "{trouble} In {time} wird erneut gesendet.",
    "{trouble} It was not taken in time.": (
        "{trouble} Der Auftrag wurde nicht rechtzeitig angenommen."
    ),
    "{trouble} The same order is sent again in {time}.": (
        "{trouble} In {time} wird dieselbe Bestellung noch einmal gesendet."
    ),
    "{trouble} To be sure, asking again in {time}.": (
        "{trouble} Zur Sicherheit erneute Anfrage in {time}."
    ),
    "{trouble} Trying again in {time}.": "{trouble} Neuer Versuch in {time}.",
    "“{name}” holds no picture that could be saved.": (
        "„{name}“ enthält kein Bild, das gespeichert werden könnte."
    ),
    "“{name}” is a folder.": "„{name}“ ist ein Ordner.",
    "“{name}” is a movie.": "„{name}“ ist ein Film.",
    "“{name}” is an OpenEXR picture with layers.": "„{name}“ ist ein OpenEXR-Bild mit Ebenen.",
    "“{name}” is in the list already.": "„{name}“ ist schon in der Liste.",
    "“{name}” is made of tiles (UDIM).": "„{name}“ besteht aus Kacheln (UDIM).",
    "“{title}” is in the scene": "„{title}“ ist in der Szene",
    "“{title}” is in the scene, inside “{object}”": (
        "„{title}“ ist in der Szene, innerhalb von „{object}“"
    ),
    "“{title}” is ready. {reason}": "„{title}“ ist bereit. {reason}",
    "“{title}” was not imported. {reason}": "„{title}“ wurde nicht importiert. {reason}",
    "“{title}”: {state}": "„{title}“: {state}",
}
